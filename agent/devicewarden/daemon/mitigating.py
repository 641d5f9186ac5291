"""Mitigation in the daemon: it chooses, asks root, and tells what became of it."""

import asyncio
import contextlib
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from devicewarden.config.mitigate_settings import LEDGER
from devicewarden.daemon.around import Around
from devicewarden.daemon.deadlines import SLOW_S
from devicewarden.daemon.first_failure import FirstFailure
from devicewarden.daemon.jobs import Jobs
from devicewarden.daemon.root import Root
from devicewarden.model.action import ActionRecord, Cause, PlannedAction, action_id
from devicewarden.model.action_mapping import Orders
from devicewarden.model.errors import ConfigError, DocumentError
from devicewarden.report.actions import action_document
from devicewarden.state.action_tables import NewCause, Told
from devicewarden.state.state import State

if TYPE_CHECKING:
    from devicewarden.config.settings import Settings

log = structlog.get_logger()

LOOK_EVERY_S: Final = 5.0
"""At what root wrote, and at findings, which another process records."""

_SOON_S: Final = 0.5
_ASK_AGAIN_S: Final = 60.0
_TOLD_AGAIN: Final = timedelta(days=30)
_DRY_RUN: Final = "dry run"


class Mitigation:
    """Chooses actions for what is new, and follows what root does with them."""

    def __init__(self, state: State, around: Around) -> None:
        self._state = state
        self._around = around
        self._more = asyncio.Event()
        self._orders = Orders()
        self._loaded_for: Settings | None = None
        self._broken = ""
        self._seen: object = None
        self._records: tuple[ActionRecord, ...] = ()
        self._root = Root(around.monotonic, lambda: Path(around.settings().state.dir))
        self._renewed_at_s = float("-inf")
        self._just_started = True
        self._failures = FirstFailure(log)

    def wake(self) -> None:
        """Look at once: there is something new."""
        self._more.set()

    def start(self, jobs: Jobs) -> None:
        """Go on for ever, as a job among the others."""
        jobs.start("mitigating", self.round, deadline_s=lambda: LOOK_EVERY_S + SLOW_S)

    def status(self) -> dict[str, object]:
        """Tell how mitigation stands, for `devicewarden status`: what root last wrote."""
        mitigate = self._around.settings().mitigate
        thing = self._around.settings().thing.name
        return {
            "mitigation": {
                "enabled": mitigate.enabled,
                "dry_run": mitigate.dry_run,
                "in_effect": [action_document(each, thing) for each in self._standing()],
                "waits_for_root": self._root.asked,
            }
        }

    def plan_for_job(self, name: str, job_id: str) -> str:
        """Have root apply a configured action because of a job; tell why not, or nothing."""
        from devicewarden.mitigate.plan_form import Apply  # noqa: PLC0415  as in _choose

        mitigate = self._around.settings().mitigate
        orders = self._load() if mitigate.enabled else None
        if orders is None:
            return self._broken or "mitigate.enabled is false"
        if name not in orders.actions:
            return f"no action {name} is configured"
        cause = Cause("job", job_id)
        planned = PlannedAction(
            action_id=action_id(cause, name, dry_run=mitigate.dry_run),
            cause=cause,
            name=name,
            dry_run=mitigate.dry_run,
            planned_at=self._around.now(),
        )
        asked = self._root.ask(f"job-{planned.action_id}", Apply((planned,)))
        self.wake()
        return "" if asked else "the folder for root cannot be written"

    async def round(self) -> None:
        """Look once, then wait until there may be more to do."""
        self._more.clear()
        self.look()
        waits_s = _SOON_S if self._root.asked else LOOK_EVERY_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(waits_s):
                await self._more.wait()

    def look(self) -> None:
        """Think of what is new, ask root, and tell what root did."""
        if self._around.settings().mitigate.enabled:
            self._choose()
        self._ask()
        self._follow()
        self._hold()

    def _choose(self) -> None:
        # Without orders nothing of this is ever loaded.
        from devicewarden.mitigate.choose import for_finding, for_violation  # noqa: PLC0415
        from devicewarden.mitigate.plan_form import Apply, write_request  # noqa: PLC0415

        orders = self._load()
        if orders is None:
            return
        now, dry_run = self._around.now(), self._around.settings().mitigate.dry_run
        thought: list[tuple[NewCause, str]] = []
        for cause in self._state.actions.new_causes(dry_run=dry_run):
            choose = for_violation if cause.kind == "violation" else for_finding
            planned = choose(orders, cause.document, now=now, dry_run=dry_run)
            plan = write_request(Apply(planned)).decode() if planned else ""
            thought.append((cause, plan))
            for each in planned:
                log.info("action_planned", action=each.name, dry_run=dry_run, cause=cause.id)
        if thought:
            self._state.actions.think_of(thought, dry_run=dry_run)

    def _load(self) -> Orders | None:
        settings = self._around.settings()
        if self._loaded_for is settings:
            return None if self._broken else self._orders
        from devicewarden.config.action_documents import (  # noqa: PLC0415  as in _choose
            load_action_documents,
        )

        self._loaded_for, self._broken = settings, ""
        self._around.trouble.pop("mitigation", None)
        try:
            self._orders = load_action_documents(Path(settings.mitigate.dir)).orders
        except ConfigError as error:
            self._broken = f"{error}; nothing is done until that is put right"
            self._around.trouble["mitigation"] = self._broken
            log.warning("mitigation_documents_refused", error=str(error))
            return None
        return self._orders

    def _ask(self) -> None:
        """Hand over the plans that were recorded; after a crash some come twice, and count once."""
        plans = self._state.actions.unasked() if self._around.settings().mitigate.enabled else ()
        if not plans:
            return
        handed_over = [self._hand_over(name, plan) for name, plan in plans]
        if all(handed_over):
            self._state.actions.asked()

    def _hand_over(self, name: str, plan: str) -> bool:
        from devicewarden.mitigate.plan_form import read_request  # noqa: PLC0415  as in _choose

        try:
            request = read_request(plan.encode())
        except DocumentError as error:
            # Kept, it would hold up all that come after it, for ever.
            log.warning("plan_dropped", plan=name, error=str(error))
            return True
        return self._root.ask(name, request)

    def _follow(self) -> None:
        settings = self._around.settings()
        folder = Path(settings.mitigate.records_dir)
        seen = _stamp(folder)
        if seen is not None and seen != self._seen:
            self._read(folder, seen)
        self._root.follow()

    def _read(self, folder: Path, seen: object) -> None:
        from devicewarden.mitigate.record_form import read_records  # noqa: PLC0415  as in _choose

        try:
            records = read_records(folder)
        except DocumentError as error:
            self._failures.failed("records_not_read", kind="records", error=str(error))
            return
        self._failures.recovered("records_read", kind="records")
        self._records = records
        told = [self._told(each) for each in records if self._is_news(each)]
        if self._state.actions.record(told, self._around.sinks()):
            self._seen = seen
            self._around.woken()

    def _told(self, record: ActionRecord) -> Told:
        document = action_document(record, self._around.settings().thing.name)
        quiet = record.status == "SKIPPED" and record.message == _DRY_RUN
        return Told(record.action_id, record.status, json.dumps(document), quiet)

    def _is_news(self, record: ActionRecord) -> bool:
        return record.status != "IN_PROGRESS" and (
            self._around.now() - (record.ended_at or record.started_at) < _TOLD_AGAIN
        )

    def _standing(self) -> list[ActionRecord]:
        return [each for each in self._records if each.status == "SUCCESSFUL" and each.expires_at]

    def _hold(self) -> None:
        """Let quarantines last while the broker is there; where it is not, look for its new ways.

        Root is asked too when something is over, to tidy up behind it, and once after our start:
        where the device was restarted, everything is.
        """
        first, self._just_started = self._just_started, False
        standing = self._standing()
        if not standing:
            return
        from devicewarden.mitigate.plan_form import Renew  # noqa: PLC0415  as in _choose

        settings, now_s = self._around.settings(), self._around.monotonic()
        connected = self._around.connected()
        held = not connected or any(each.type == "QUARANTINE" for each in standing)
        over = any(each.expires_at and each.expires_at < self._around.now() for each in standing)
        if not (over or first or (held and settings.publish.endpoint)):
            return
        if now_s - self._renewed_at_s >= min(_ASK_AGAIN_S, settings.mitigate.deadman_s / 3):
            self._renewed_at_s = now_s
            self._root.ask("renew", Renew(connected=connected))


def _stamp(folder: Path) -> object:
    try:
        found = (folder / LEDGER).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
