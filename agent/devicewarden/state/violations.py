"""Violations: what the evaluator said of them, and what people think of them."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from devicewarden.state import outbox, violation_tables
from devicewarden.state.journal import Journal
from devicewarden.state.outbox import Outbox
from devicewarden.state.violation_records import Filter, Step, Verified, Violation


@dataclass(frozen=True, slots=True)
class ViolationCounts:
    """How many violations are kept, and how many of them are in alarm."""

    active: int
    kept: int


class Violations:
    """The daemon's side of the tables of violations.

    While the state file cannot be used, events are still handed to sinks from memory, and recorded
    when the file is back.
    """

    def __init__(self, journal: Journal, outbox: Outbox, now: Callable[[], datetime]) -> None:
        self._journal = journal
        self._outbox = outbox
        self._now = now

    def record(self, steps: Sequence[Step], sinks: Iterable[str]) -> None:
        """Record events and put them in the outbox, all in one transaction.

        Snapshots saved just before travel in it, so that evaluator and events never disagree. An
        event that is recorded already is neither recorded nor sent again.

        Args:
            steps: in the order in which they happened.
            sinks: names; of suppressed and simulated events the log alone hears.
        """
        now, sinks = self._now(), tuple(sinks)
        addressed = [
            (
                step,
                outbox.entries(
                    step.event_id,
                    sinks,
                    step.document.encode(),
                    put_at=now,
                    quiet=step.suppressed or step.simulated,
                ),
            )
            for step in map(violation_tables.storable_step, steps)
        ]

        def work(db: sqlite3.Connection) -> bool:
            for step, entries in addressed:
                if violation_tables.insert(db, step):
                    outbox.put(db, entries)
            return True

        self._journal.keep(work)
        if not self._journal.settle():
            for _, entries in addressed:
                self._outbox.hold(entries)

    def find(self, wanted: Filter) -> tuple[Violation, ...]:
        """Look violations up, the newest first; none while the state file cannot be used."""
        return self._journal.read(lambda db: violation_tables.find(db, wanted)) or ()

    def counts(self) -> ViolationCounts:
        """Count them; zero while the state file cannot be used."""
        active, kept = self._journal.read(violation_tables.count) or (0, 0)
        return ViolationCounts(active=active, kept=kept)

    def unapplied_verifications(self) -> tuple[Verified, ...]:
        """Tell what people said of violations since it was last marked as applied."""
        return self._journal.read(violation_tables.unapplied) or ()

    def mark_applied(self, verified: Verified) -> None:
        """Remember that a verification had its effect; a later one of the same violation has not.

        Snapshots saved just before travel in the same transaction: save what came of it.
        """
        self._journal.keep(lambda db: violation_tables.mark_applied(db, verified))
        self._journal.settle()
