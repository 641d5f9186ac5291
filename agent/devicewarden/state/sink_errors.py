"""Why sinks do not take what waits for them, and how each queue is doing, for people."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from devicewarden.state.columns import from_ms
from devicewarden.state.journal import Journal, Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """How one sink's queue is doing.

    Attributes:
        waiting: entries that the sink does not have yet.
        oldest_at: when the first of them was put there; None: there is none.
        size_bytes: their payloads together.
        dropped: too old, or too many, since the state file began.
        refused: those that the sink will never take, since the state file began.
        last_error: why the last delivery failed; empty: it did not.
    """

    waiting: int = 0
    oldest_at: datetime | None = None
    size_bytes: int = 0
    dropped: int = 0
    refused: int = 0
    last_error: str = ""


def queues(db: sqlite3.Connection) -> Mapping[str, QueueState]:
    """Tell how the queue of each sink is doing, by name; sinks with nothing to tell are absent."""
    found = {
        name: QueueState(dropped=dropped, refused=refused, last_error=error)
        for name, dropped, refused, error in db.execute(
            "SELECT name, dropped, refused, error FROM sinks"
        )
    }
    waiting = db.execute(
        "SELECT sink, count(*), min(put_at), sum(length(payload)) FROM outbox GROUP BY sink"
    )
    for sink, number, oldest, size_bytes in waiting:
        found[sink] = replace(
            found.get(sink, QueueState()),
            waiting=number,
            oldest_at=from_ms(oldest),
            size_bytes=size_bytes,
        )
    return found


def write(db: sqlite3.Connection, sink: str, error: str) -> None:
    """Keep why a sink's last delivery failed."""
    db.execute("INSERT OR IGNORE INTO sinks (name) VALUES (?)", (sink,))
    db.execute("UPDATE sinks SET error = ? WHERE name = ?", (error, sink))


def clear(db: sqlite3.Connection, sink: str) -> None:
    """Forget it: a delivery succeeded."""
    db.execute("UPDATE sinks SET error = '' WHERE name = ? AND error != ''", (sink,))


class SinkErrors:
    """Keeps the last error of each sink that fails, without wearing the disk.

    The first of an outage is written at once. Later ones travel with what else is written, one a
    sink: it may be dead for days.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._now: dict[str, str] = {}
        self._waiting: dict[str, Waiting] = {}

    def failing(self, sink: str, error: str) -> None:
        """Keep an error."""
        before, self._now[sink] = self._now.get(sink), error
        waits = sink in self._waiting and not self._waiting[sink].over
        if error == before or waits:
            return
        self._waiting[sink] = self._journal.keep(lambda db: self._write(db, sink))
        if before is None:
            self._journal.settle()

    def over(self, sink: str) -> None:
        """Forget it; whoever calls this has it cleared in the file."""
        self._now.pop(sink, None)

    def _write(self, db: sqlite3.Connection, sink: str) -> None:
        # What it is by now, which may be another one, or none.
        write(db, sink, self._now.get(sink, ""))
