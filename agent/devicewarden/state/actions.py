"""The daemon's side of the tables of mitigation."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from devicewarden.state import action_tables
from devicewarden.state.action_tables import NewCause, Told
from devicewarden.state.journal import Journal


class Actions:
    """While the state file cannot be used nothing is thought of: nobody could tell what is new."""

    def __init__(self, journal: Journal, now: Callable[[], datetime]) -> None:
        self._journal = journal
        self._now = now

    def new_causes(self, *, dry_run: bool) -> tuple[NewCause, ...]:
        """Give violations in alarm and findings that last, neither suppressed nor simulated."""
        return self._journal.read(lambda db: action_tables.new_causes(db, dry_run=dry_run)) or ()

    def lasting(self, checks: Sequence[str]) -> tuple[dict[str, Any], ...]:
        """Give the findings of these checks that last and are not suppressed, as JSON."""
        return self._journal.read(lambda db: action_tables.lasting(db, checks)) or ()

    def statuses(self) -> dict[str, str]:
        """Tell the status of each action that was told of, by its id."""
        return self._journal.read(action_tables.statuses) or {}

    def think_of(self, causes: Sequence[tuple[NewCause, str]], *, dry_run: bool) -> bool:
        """Record that causes were thought of, each with the plan that root is to be asked.

        Returns:
            False: that could not be recorded, and root must not be asked.
        """
        at = self._now()

        def work(db: sqlite3.Connection) -> bool:
            for cause, plan in causes:
                action_tables.think_of(db, cause, plan, at, dry_run=dry_run)
            return True

        return self._journal.write(work) is not None

    def unasked(self) -> tuple[tuple[str, str], ...]:
        """Give plans that root may not have been asked for yet: a name for each, and its text."""
        return self._journal.read(action_tables.unasked) or ()

    def asked(self) -> None:
        """Forget the plans that root was asked for: all that `unasked` gave."""

        def work(db: sqlite3.Connection) -> bool:
            action_tables.asked(db)
            return True

        self._journal.write(work)

    def record(self, told: Sequence[Told], sinks: Sequence[str]) -> bool:
        """Record what became of actions, and put what is new in the outbox.

        Returns:
            False: it could not be recorded; say it again.
        """
        at = self._now()

        def work(db: sqlite3.Connection) -> bool:
            for each in told:
                action_tables.record(db, each, at, sinks)
            return True

        return self._journal.write(work) is not None
