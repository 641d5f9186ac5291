"""When another client took over the agent's connection: two devices may have one client id."""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from devicewarden.state.columns import from_ms, to_ms
from devicewarden.state.journal import Journal

_AT_MOST_EVERY: Final = timedelta(minutes=1)
"""Two devices throw each other out all the time; that they do needs no thousand rows."""

_MAX_ROWS: Final = 1000


class Takeovers:
    """Writes them down, in the transactions of others: nothing is urgent here."""

    def __init__(self, journal: Journal, now: Callable[[], datetime]) -> None:
        self._journal = journal
        self._now = now
        self._recorded_at: datetime | None = None

    def record(self) -> None:
        """Remember that it happened now, once a minute."""
        now = self._now()
        if self._recorded_at is not None and abs(now - self._recorded_at) < _AT_MOST_EVERY:
            return
        self._recorded_at = now
        self._journal.keep(lambda db: _insert(db, to_ms(now)))


def read_takeovers(db: sqlite3.Connection) -> tuple[datetime, ...]:
    """Tell when, the oldest first, aware UTC."""
    return tuple(from_ms(at) for (at,) in db.execute("SELECT at FROM takeovers ORDER BY at"))


def _insert(db: sqlite3.Connection, at_ms: int) -> bool:
    db.execute("INSERT OR IGNORE INTO takeovers VALUES (?)", (at_ms,))
    db.execute(
        "DELETE FROM takeovers WHERE at <="
        " (SELECT at FROM takeovers ORDER BY at DESC LIMIT 1 OFFSET ?)",
        (_MAX_ROWS,),
    )
    return True
