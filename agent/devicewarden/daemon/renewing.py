"""A finding on the device's own certificate -> another certificate, where an order asks for it.

The agent does that to itself: root is not asked, and there is nothing to undo.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import structlog

from devicewarden.daemon.around import Around
from devicewarden.model.action import ActionRecord, ActionStatus, PlannedAction
from devicewarden.model.action_mapping import Orders
from devicewarden.model.errors import ConfigError
from devicewarden.report.actions import action_document
from devicewarden.state.action_tables import Told
from devicewarden.state.actions import Actions
from devicewarden.state.job_memory import JobEnd

if TYPE_CHECKING:
    from devicewarden.config.settings import Settings

log = structlog.get_logger()

LOOK_EVERY_S: Final = 5.0
AGAIN_S: Final = 86_400.0
"""A rotation that failed is tried again after a day, as long as the finding lasts."""

Still: TypeAlias = Callable[[], Awaitable[bool]]
_TYPE: Final = "ROTATE_CERTIFICATE"
_DESCRIPTION: Final = "gets another key and certificate"
_CERTIFICATE: Final = "deviceCertificateId"


class Rotates(Protocol):
    """Gets the device another identity."""

    async def rotate(
        self, *, job_id: str = "", certificate_id: str = "", still_wanted: Still
    ) -> JobEnd: ...


@dataclass(frozen=True, slots=True)
class _Due:
    planned: PlannedAction
    certificate_id: str


class Renewing:
    """Looks at findings now and then; each is answered once, but what failed is tried again.

    Args:
        actions: tells of findings, and what became of actions.
        around: the rest of the agent.
        rotation: does it.
    """

    def __init__(self, actions: Actions, around: Around, rotation: Rotates) -> None:
        self._actions = actions
        self._around = around
        self._rotation = rotation
        self._orders = Orders()
        self._loaded_for: Settings | None = None
        self._tried_at_s: dict[str, float] = {}

    async def round(self) -> None:
        """Wait, then rotate if a finding asks for it."""
        await asyncio.sleep(LOOK_EVERY_S)
        await self.look()

    async def look(self) -> None:
        """Rotate if a finding asks for it."""
        due = self._due() if self._around.settings().mitigate.enabled else None
        if due is None:
            return
        began = self._around.now()
        status, why = self._refusal(due.planned)
        if not status:
            if self._around.settings().publish.endpoint and not self._around.connected():
                return
            log.info("rotation_planned", cause=due.planned.cause.id, action=due.planned.name)
            end = await self._rotation.rotate(
                certificate_id=due.certificate_id, still_wanted=_always
            )
            status = _STATUS[end.status]
            why = end.details.get("reason", "")
        # Even where that cannot be recorded it is not done again at once.
        self._tried_at_s[due.planned.action_id] = self._around.monotonic()
        self._tell(due.planned, status, why, began)

    def _due(self) -> _Due | None:
        """Find the first finding that is to be answered now."""
        orders = self._load()
        if not orders.for_findings:
            return None
        checks = sorted({check for order in orders.for_findings for check in order.actions})
        told = self._actions.statuses()
        for document in self._actions.lasting(checks):
            for due in self._answers(orders, document):
                if self._is_open(due.planned.action_id, told):
                    return due
        return None

    def _answers(self, orders: Orders, document: Mapping[str, Any]) -> Iterator[_Due]:
        from devicewarden.mitigate.choose import for_finding  # noqa: PLC0415  where it is wanted

        dry_run = self._around.settings().mitigate.dry_run
        found = for_finding(orders, document, now=self._around.now(), dry_run=dry_run)
        # Twice the same would not make it newer.
        for planned in found[:1]:
            named = planned.facts.resource.get(_CERTIFICATE)
            if isinstance(named, str) and named:
                yield _Due(planned, named.lower())

    def _is_open(self, action_id: str, told: Mapping[str, str]) -> bool:
        if told.get(action_id) in {"SUCCESSFUL", "SKIPPED"}:
            return False
        tried_at_s = self._tried_at_s.get(action_id, float("-inf"))
        return self._around.monotonic() - tried_at_s >= AGAIN_S

    def _refusal(self, planned: PlannedAction) -> tuple[ActionStatus | None, str]:
        if planned.dry_run:
            return "SKIPPED", "dry run"
        if _TYPE not in self._around.settings().mitigate.allow:
            return "FAILED", f"{_TYPE} is not in mitigate.allow"
        return None, ""

    def _load(self) -> Orders:
        """Read the orders, reduced to what is done here; broken ones are told of elsewhere."""
        settings = self._around.settings()
        if self._loaded_for is settings:
            return self._orders
        from devicewarden.config.action_documents import (  # noqa: PLC0415  as in _answers
            load_action_documents,
        )

        self._loaded_for, self._orders, self._tried_at_s = settings, Orders(), {}
        try:
            found = load_action_documents(Path(settings.mitigate.dir)).orders
        except ConfigError:
            return self._orders
        ours = (replace(order, actions=order.rotations) for order in found.for_findings)
        wanted = tuple(order for order in ours if order.actions)
        self._orders = Orders(actions=found.actions, for_findings=wanted)
        return self._orders

    def _tell(
        self, planned: PlannedAction, status: ActionStatus, why: str, began: datetime
    ) -> None:
        record = ActionRecord(
            action_id=planned.action_id,
            cause=planned.cause,
            name=planned.name,
            type=_TYPE,
            task_id=planned.task_id,
            status=status,
            description=_DESCRIPTION,
            message=why,
            started_at=began,
            ended_at=self._around.now(),
        )
        document = json.dumps(action_document(record, self._around.settings().thing.name))
        told = Told(record.action_id, status, document, quiet=planned.dry_run)
        if self._actions.record([told], self._around.sinks()):
            self._around.woken()


_STATUS: Final[Mapping[str, ActionStatus]] = {
    "SUCCEEDED": "SUCCESSFUL",
    "FAILED": "FAILED",
    "REJECTED": "SKIPPED",
}


async def _always() -> bool:
    return True
