"""Plan -> apply, undo: every step is in the ledger before it is taken."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from devicewarden.mitigate.action import Ask, Host
from devicewarden.mitigate.clock import Instant
from devicewarden.mitigate.ledger import OVER, Ledger
from devicewarden.mitigate.past import QUARANTINE, Begun, Past
from devicewarden.mitigate.private_form import Private, write_private
from devicewarden.mitigate.record_form import Entry
from devicewarden.mitigate.refusals import Refusals
from devicewarden.mitigate.registry import KINDS
from devicewarden.mitigate.ways import Ways
from devicewarden.model.action import ActionRecord, MitigationAction, PlannedAction
from devicewarden.model.errors import MitigationError

MAX_STANDING: Final = 100
"""Of actions in effect where no person asks: the agent must not fill kernel and disk."""

AGAIN_S: Final = 60.0
"""What could not be undone is tried again after this time."""

_LONGEST_TOLD: Final = 1_000
"""Characters; a list of networks, or what a program says, may be long."""


class Executor:
    """Applies and undoes; the ledger and the host never disagree for longer than one run.

    Args:
        host: what is changed.
        ledger: what was done.
        refusals: what is not done, and why.
        clock: tells the time.
    """

    def __init__(
        self, host: Host, ledger: Ledger, refusals: Refusals, clock: Callable[[], Instant]
    ) -> None:
        self._host = host
        self._ledger = ledger
        self._refusals = refusals
        self._clock = clock
        self._past = Past(ledger, host)

    def apply(self, actions: Sequence[PlannedAction]) -> list[ActionRecord]:
        """Apply in order, each once, but for a person anew what is over; a failure skips the rest.

        Raises:
            MitigationError: the ledger cannot be written, so nothing was done.
        """
        records: list[ActionRecord] = []
        failed = ""
        for planned in actions:
            known = self._ledger.entries.get(planned.action_id)
            again = known and self._refusals.operator and known.record.status in OVER
            record = known.record if known and not again else self._apply(planned, failed)
            failed = failed or (record.name if record.status == "FAILED" else "")
            records.append(record)
        return records

    def ways(self) -> Ways:
        """Tell what stays reachable whatever is blocked."""
        return self._host.ways()

    def standing(self) -> list[ActionRecord]:
        """Tell what is in effect."""
        return [begun.record for begun in self._past.standing()]

    def undo(self, action_id: str) -> ActionRecord:
        """Undo one action that is in effect.

        Raises:
            MitigationError: there is none such, or it cannot be undone.
        """
        begun = next((b for b in self._past.standing() if b.record.action_id == action_id), None)
        if begun is None:
            raise MitigationError(
                f"no action {action_id} is in effect", hint="see devicewarden mitigate list"
            )
        return self._end(begun, replace(begun.record, status="UNDONE", message=""))

    def undo_each(self, chosen: Sequence[str]) -> list[ActionRecord]:
        """Undo actions that are in effect; one that cannot be undone keeps nobody from the rest.

        Returns:
            What became of each; FAILED: it is still in effect.
        """
        return [self._undone(action_id) for action_id in chosen]

    def settle(self) -> list[ActionRecord]:
        """Finish what a dead process began, and end what is over; tell what changed."""
        changed = [self._finish(begun) for begun in self._past.begun("IN_PROGRESS")]
        for begun in self._past.standing():
            over = self._past.over(begun, self._clock())
            if over is not None:
                with contextlib.suppress(MitigationError):
                    changed.append(self._end(begun, over))
        with contextlib.suppress(MitigationError):
            # Gates that closed by themselves, and what nobody knows of.
            known = {begun.record.action_id for begun in self._past.standing()}
            self._host.firewall.remove(self._host.firewall.gates().keys() - known)
        return changed

    def renew(self, *, connected: bool) -> None:
        """Take in where the ways lead now; connected: and hold quarantines for as long again.

        Raises:
            MitigationError: nft refuses.
        """
        held = [b for b in self._past.standing() if connected and b.record.type == QUARANTINE]
        now, deadman_s = self._clock(), self._host.settings.mitigate.deadman_s
        left = {b.record.action_id: round(b.private.ends_s - now.uptime_s) for b in held}
        timeouts = {name: min(seconds, deadman_s) for name, seconds in left.items() if seconds > 0}
        self._host.firewall.renew(timeouts, self._host.ways())

    def next_end_s(self) -> float | None:
        """Tell in how many seconds something is to be ended; None: nothing is."""
        now = self._clock().uptime_s
        left = (begun.private.ends_s - now for begun in self._past.standing())
        return min((each if each > 0 else AGAIN_S for each in left), default=None)

    def _undone(self, action_id: str) -> ActionRecord:
        try:
            return self.undo(action_id)
        except MitigationError as error:
            return replace(
                self._ledger.entries[action_id].record, status="FAILED", message=_told(error)
            )

    def _apply(self, planned: PlannedAction, failed: str) -> ActionRecord:
        now = self._clock()
        record = ActionRecord(
            action_id=planned.action_id,
            cause=planned.cause,
            name=planned.name,
            type=self._refusals.type_of(planned),
            task_id=planned.task_id,
            status="SKIPPED",
            started_at=now.at,
            ended_at=now.at,
        )
        refusal = self._refusals.find(planned)
        if failed:
            return self._kept(replace(record, message=f"{failed} failed before"))
        if refusal is not None:
            return self._kept(replace(record, status=refusal.status, message=refusal.reason))
        if not self._refusals.operator and len(self._past.standing()) >= MAX_STANDING:
            why = f"{MAX_STANDING} actions are in effect already"
            return self._kept(replace(record, status="FAILED", message=why))
        try:
            return self._begin(planned, record, now)
        except MitigationError as error:
            return self._kept(replace(record, status="FAILED", message=_told(error)))

    def _begin(self, planned: PlannedAction, record: ActionRecord, now: Instant) -> ActionRecord:
        configured = self._refusals.action(planned)
        ask = self._ask(planned, configured)
        action = KINDS[configured.type].make(ask, self._host)
        record = replace(record, description=action.describe()[:_LONGEST_TOLD])
        if self._refusals.dry_run(planned):
            action.check()
            return self._kept(replace(record, message="dry run"))
        memory = action.remember()
        private = Private(
            ask=ask, memory=memory, boot=now.boot, ends_s=now.uptime_s + ask.timeout_s
        )
        if memory and (twin := self._past.twin(record.action_id, private)):
            # How it was before either of them.
            private = replace(private, memory=twin.private.memory)
        expires_at = now.at + timedelta(seconds=ask.timeout_s) if action.lasts else None
        begun = Begun(
            record=replace(record, status="IN_PROGRESS", ended_at=None, expires_at=expires_at),
            private=private,
            action=action,
        )
        self._keep(begun)
        return self._carry_out(begun)

    def _carry_out(self, begun: Begun) -> ActionRecord:
        try:
            begun.action.apply()
        except MitigationError as error:
            told = f"{_told(error)}{self._take_back(begun)}"
            failed = replace(begun.record, status="FAILED", message=told, expires_at=None)
            return self._kept(replace(failed, ended_at=self._clock().at))
        done = replace(begun.record, status="SUCCESSFUL", ended_at=self._clock().at)
        self._keep(replace(begun, record=done))
        return done

    def _finish(self, begun: Begun) -> ActionRecord:
        with contextlib.suppress(MitigationError):
            if begun.action.in_effect():
                done = replace(begun.record, status="SUCCESSFUL", ended_at=self._clock().at)
                self._keep(replace(begun, record=done))
                return done
        undone = ", and taken back" if begun.action.lasts else ""
        told = f"it was interrupted{self._take_back(begun) or undone}"
        failed = replace(begun.record, status="FAILED", message=told, expires_at=None)
        return self._kept(replace(failed, ended_at=self._clock().at))

    def _take_back(self, begun: Begun) -> str:
        """Undo what failed; tell why it could not be, as the end of a sentence, or nothing."""
        try:
            self._undo(begun)
        except MitigationError as error:
            return f", and could not be taken back: {_told(error)}"
        return ""

    def _end(self, begun: Begun, record: ActionRecord) -> ActionRecord:
        try:
            self._undo(begun)
        except MitigationError as error:
            self._keep(replace(begun, record=replace(begun.record, message=_told(error))))
            raise
        return self._kept(replace(record, ended_at=self._clock().at, expires_at=None))

    def _undo(self, begun: Begun) -> None:
        # Another one still holds what both wanted, and will restore how it was.
        if not (begun.private.memory and self._past.twin(begun.record.action_id, begun.private)):
            begun.action.undo(begun.private.memory)

    def _ask(self, planned: PlannedAction, configured: MitigationAction) -> Ask:
        settings = self._host.settings
        timeout_s = configured.duration_s or settings.mitigate.expires_s
        leased = configured.type == QUARANTINE and bool(settings.publish.endpoint)
        return Ask(
            action_id=planned.action_id,
            params=configured.params,
            # Nothing on the device asks for the resource, which may be long.
            facts=replace(planned.facts, resource={}),
            timeout_s=timeout_s,
            opens_s=min(timeout_s, settings.mitigate.deadman_s) if leased else timeout_s,
        )

    def _keep(self, begun: Begun) -> None:
        self._ledger.keep(Entry(record=begun.record, private=write_private(begun.private)))

    def _kept(self, record: ActionRecord) -> ActionRecord:
        self._ledger.keep(Entry(record=record))
        return record


def _told(error: MitigationError) -> str:
    return (f"{error} ({error.hint})" if error.hint else str(error))[:_LONGEST_TOLD]
