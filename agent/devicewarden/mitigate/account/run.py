"""Plan -> what became of it: each action once for each cause, in order, recorded before it acts."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol, cast

from devicewarden.aws.calls import CallError, Calls
from devicewarden.mitigate.account.action import AccountAction
from devicewarden.mitigate.account.case import Case
from devicewarden.mitigate.account.registry import KINDS
from devicewarden.mitigate.action import Memory
from devicewarden.model.action import (
    ACCOUNT_TYPES,
    AccountType,
    ActionRecord,
    ActionStatus,
    MitigationAction,
    PlannedAction,
)
from devicewarden.model.errors import AgentError, MitigationError
from devicewarden.state.account_actions import Kept

DRY_RUN: Final = "dry run"


class Ledger(Protocol):
    """Remembers what was begun, whatever ends this process."""

    def recall(self, action_id: str) -> Kept | None:
        """Give an action as it stands; None: it was never begun."""
        ...

    def keep(self, kept: Kept) -> None:
        """Record how an action stands, durably."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where actions are done, and how that is remembered.

    Attributes:
        calls: reach the account.
        number: its 12 digits.
        ledger: of what was done.
        now: tells the aware UTC time.
    """

    calls: Calls
    number: str
    ledger: Ledger
    now: Callable[[], datetime]

    def ended(
        self, record: ActionRecord, status: ActionStatus, why: str, memory: Memory
    ) -> ActionRecord:
        """Record how an action ended."""
        ended = replace(record, status=status, message=why, ended_at=self.now())
        self.ledger.keep(Kept(record=ended, account=self.number, memory=memory))
        return ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """Does what is planned.

    Attributes:
        account: where.
        actions: that are configured, by name.
        allow: types that may be applied.
        retry: do again what failed.
    """

    account: Account
    actions: Mapping[str, MitigationAction]
    allow: Collection[str]
    retry: bool = False

    def run(self, case: Case, planned: Iterable[PlannedAction]) -> Iterator[ActionRecord]:
        """Do all that a case has coming, and tell what is new: one that fails skips the rest.

        Raises:
            StateError: nothing can be recorded, so nothing more is done.
        """
        stopped = False
        for each in planned:
            if self.actions[each.name].type not in ACCOUNT_TYPES:
                continue
            if each.dry_run:
                yield self._foresee(case, each)
                continue
            known = self.account.ledger.recall(each.action_id)
            status = known.record.status if known else None
            if status in ("SUCCESSFUL", "UNDONE"):
                continue
            if status == "FAILED" and not self.retry:
                stopped = True
                continue
            record = self._do(case, each, known, stopped=stopped)
            stopped = stopped or record.status != "SUCCESSFUL"
            if not status == record.status == "SKIPPED":
                yield record

    def _foresee(self, case: Case, planned: PlannedAction) -> ActionRecord:
        """Ask the account what applying would ask first, so that what is missing is told before."""
        record = self._begun(planned)
        try:
            action = self._made(case, planned)
            action.remember()
            effect = "; it is in effect" if action.in_effect() else ""
            record = replace(record, status="SKIPPED", description=action.describe())
            message = f"{DRY_RUN}{effect}{self._forbidden(planned)}"
        except (MitigationError, CallError) as error:
            record, message = replace(record, status="FAILED"), told(error)
        except KeyError as error:
            record, message = replace(record, status="FAILED"), f"the answer has no {error}"
        return replace(record, message=message, ended_at=self.account.now())

    def _do(
        self, case: Case, planned: PlannedAction, known: Kept | None, *, stopped: bool
    ) -> ActionRecord:
        ended, record = self.account.ended, self._begun(planned)
        memory: Memory = {}
        try:
            action = self._made(case, planned)
            record = replace(record, description=action.describe())
            if stopped:
                return ended(record, "SKIPPED", "an action before it was not done", {})
            if forbidden := self._forbidden(planned):
                return ended(record, "SKIPPED", forbidden.removeprefix("; "), {})
            memory = _memory(action, known)
            self.account.ledger.keep(
                Kept(record=record, account=self.account.number, memory=memory)
            )
            action.apply(memory)
        except (MitigationError, CallError) as error:
            return ended(record, "FAILED", told(error), memory)
        except KeyError as error:
            return ended(record, "FAILED", f"the answer has no {error}", memory)
        return ended(record, "SUCCESSFUL", "", memory)

    def _made(self, case: Case, planned: PlannedAction) -> AccountAction:
        configured = self.actions[planned.name]
        kind = KINDS[cast("AccountType", configured.type)]
        return kind.make(configured.params, case, self.account.calls)

    def _forbidden(self, planned: PlannedAction) -> str:
        kind = self.actions[planned.name].type
        return "" if kind in self.allow else f"; {kind} is not in mitigate.allow"

    def _begun(self, planned: PlannedAction) -> ActionRecord:
        return ActionRecord(
            action_id=planned.action_id,
            cause=planned.cause,
            name=planned.name,
            type=self.actions[planned.name].type,
            task_id=planned.task_id,
            status="IN_PROGRESS",
            started_at=self.account.now(),
        )


def _memory(action: AccountAction, known: Kept | None) -> Memory:
    """Tell how things were before it was first tried, also where that was half done."""
    if known and known.memory and (known.record.status == "IN_PROGRESS" or action.in_effect()):
        return known.memory
    return action.remember()


def told(error: AgentError) -> str:
    """Write an error with what can be done about it."""
    return f"{error} ({error.hint})" if error.hint else str(error)
