"""Why sinks do not take what waits for them."""

import sqlite3

from devicewarden.state.journal import Journal, Waiting


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
