"""A case, a ledger in memory, and a runner, around whatever plays AWS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from devicewarden.aws.calls import Calls
from devicewarden.mitigate.account.case import Case
from devicewarden.mitigate.account.run import Account, Runner
from devicewarden.model.action import (
    ACCOUNT_TYPES,
    Cause,
    MitigationAction,
    PlannedAction,
    action_id,
)
from devicewarden.model.action_params import Params
from devicewarden.state.account_actions import Kept

ACCOUNT = "123456789012"
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
FINDING = Cause("finding", "f" * 32)


@dataclass
class Memory:
    """A ledger that forgets with the test; `steps` is every status it was told, in order."""

    rows: dict[str, Kept] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    def recall(self, action_id: str) -> Kept | None:
        return self.rows.get(action_id)

    def keep(self, kept: Kept) -> None:
        self.rows[kept.record.action_id] = kept
        self.steps.append(kept.record.status)


def case(resource: Mapping[str, Any], *related: Mapping[str, Any], **changed: Any) -> Case:
    document = {"findingId": FINDING.id, "taskStartTime": 1.5, "findingTime": 2.25}
    made: dict[str, Any] = {
        "cause": FINDING,
        "account": ACCOUNT,
        "resources": (resource, *related),
        "document": document,
    }
    return Case(**{**made, **changed})


def account(calls: Calls, ledger: Memory) -> Account:
    return Account(calls=calls, number=ACCOUNT, ledger=ledger, now=lambda: START)


def runner(
    calls: Calls, ledger: Memory, *params: Params, allow: tuple[str, ...] = ACCOUNT_TYPES
) -> Runner:
    """Configure actions `a0`, `a1`, ..."""
    actions = {f"a{i}": MitigationAction(name=f"a{i}", params=p) for i, p in enumerate(params)}
    return Runner(account=account(calls, ledger), actions=actions, allow=allow)


def planned(
    runner: Runner, cause: Cause = FINDING, *, dry_run: bool = False
) -> tuple[PlannedAction, ...]:
    return tuple(
        PlannedAction(
            action_id=action_id(cause, name, dry_run=dry_run),
            cause=cause,
            name=name,
            task_id="task",
            dry_run=dry_run,
            planned_at=START,
        )
        for name in runner.actions
    )


def outcomes(made: Runner, about: Case, *, dry_run: bool = False) -> list[tuple[str, str]]:
    """Run, and give each new record's status and message."""
    records = made.run(about, planned(made, about.cause, dry_run=dry_run))
    return [(record.status, record.message) for record in records]


Build = Callable[..., Runner]
