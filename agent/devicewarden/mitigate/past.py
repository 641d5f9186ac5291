"""What the ledger tells of the past, each action ready to be asked and undone."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from devicewarden.mitigate.action import Action, Host
from devicewarden.mitigate.clock import Instant
from devicewarden.mitigate.ledger import Ledger
from devicewarden.mitigate.private_form import Private, read_private
from devicewarden.mitigate.registry import KINDS
from devicewarden.model.action import ActionRecord, ActionStatus
from devicewarden.model.errors import MitigationError

QUARANTINE: Final = "QUARANTINE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An action that was begun.

    Attributes:
        record: what became of it.
        private: what its undo needs.
        action: made of that.
    """

    record: ActionRecord
    private: Private
    action: Action


@dataclass(frozen=True, slots=True)
class Past:
    """Reads the ledger; entries that cannot be read back are left to people."""

    ledger: Ledger
    host: Host

    def standing(self) -> list[Begun]:
        """Give what was applied and lasts."""
        return [begun for begun in self.begun("SUCCESSFUL") if begun.action.lasts]

    def begun(self, status: ActionStatus) -> Iterator[Begun]:
        """Give what has a status, the oldest first."""
        for entry in list(self.ledger.entries.values()):
            record = entry.record
            kind = record.type and KINDS.get(record.type)
            if record.status != status or not (record.type and kind and entry.private):
                continue
            with contextlib.suppress(MitigationError):
                private = read_private(entry.private, record.action_id, record.type)
                action = kind.make(private.ask, self.host)
                yield Begun(record=record, private=private, action=action)

    def twin(self, action_id: str, private: Private) -> Begun | None:
        """Find another action in effect that wanted the same."""
        same = (each for each in self.standing() if each.private.ask.params == private.ask.params)
        return next((each for each in same if each.record.action_id != action_id), None)

    def over(self, begun: Begun, now: Instant) -> ActionRecord | None:
        """Tell how an action that was applied has ended; None: it is in effect."""
        expired = replace(begun.record, status="EXPIRED", message="")
        if begun.private.boot != now.boot:
            return replace(expired, message="the device was restarted")
        if begun.private.ends_s <= now.uptime_s:
            return expired
        try:
            if begun.action.in_effect() is not False:
                return None
        except MitigationError:
            return None
        if begun.record.type == QUARANTINE:
            deadman_s = self.host.settings.mitigate.deadman_s
            why = f"no connection to the broker for {deadman_s} s, or its rules were removed"
            return replace(expired, message=why)
        return replace(begun.record, status="UNDONE", message="somebody else undid it")
