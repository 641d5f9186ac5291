"""The SQLite file: opening it, and one transaction."""

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from devicewarden.state.file_errors import CorruptStateError, translated
from devicewarden.state.history import OutcomeCounts, ReportRecord, from_row, to_row
from devicewarden.state.schema import migrate

_MAX_NUMBER: Final = 2**53 - 1
"""What every JSON reader takes as an integer; no number of ours comes near it."""

_BUSY_S: Final = 5.0
"""Wait for another process, which holds the lock for one transaction."""

_PRAGMAS: Final = (
    # A transaction changes two pages. At 512 bytes both fit into one block of the disk.
    "PRAGMA page_size = 512",
    "PRAGMA synchronous = FULL",
    # A small log stays in place soon; while it grows, each write costs the file system a journal
    # entry too.
    "PRAGMA wal_autocheckpoint = 50",
    "PRAGMA cache_size = -64",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cell_size_check = ON",
    "PRAGMA trusted_schema = OFF",
)
_PRUNE_EVERY: Final = 256
_MAX_REPORTS: Final = 110_000
"""A year of reports five minutes apart, about 5 MB."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the file says of all reports together.

    Attributes:
        last_id: no process may hand out this report id or a lower one again.
        counts: outcomes since the file began.
    """

    last_id: int
    counts: OutcomeCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one transaction brings to the file.

    Attributes:
        records: reports whose outcome is known now.
        counts: outcomes to add, those of `records` and of records dropped meanwhile.
        last_id: the stored last id -> the new one.
        keep_s: records with ids this far behind the last one are deleted.
    """

    records: Sequence[ReportRecord]
    counts: OutcomeCounts
    last_id: Callable[[int], int]
    keep_s: int


class StateFile:
    """One open state file; used by the thread that opened it.

    Raises:
        CorruptStateError: from every method: set the file aside.
        StateError: from every method: it cannot be used now; the hint says what to do.
    """

    def __init__(self, path: Path) -> None:
        with translated(path):
            _make_folder(path.parent)
            self._path = path
            self._connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            self._writes = 0
            self._version: object = None
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        for pragma in _PRAGMAS:
            self._connection.execute(pragma)
        migrate(self._connection)
        self._connection.execute("PRAGMA journal_mode = WAL")
        _give_to_folder_owner(self._path)
        self._identity = _identity(self._path)
        if self._row("PRAGMA quick_check(1)") != ("ok",):
            raise CorruptStateError("its pages contradict each other")

    def read(self) -> tuple[Head, ReportRecord | None]:
        """Read the head and the newest record."""
        with translated(self._path):
            newest = self._row("SELECT * FROM reports ORDER BY report_id DESC LIMIT 1")
            return self._head(), None if newest is None else from_row(newest)

    def write(self, change: Change) -> Head:
        """Apply a change in one durable transaction.

        Returns:
            The head as it is now, other processes' changes included.
        """
        with translated(self._path), self._connection as transaction:
            transaction.execute("BEGIN IMMEDIATE")
            stored = self._head()
            head = Head(change.last_id(stored.last_id), stored.counts + change.counts)
            self._put(head, change.records)
            if self._writes % _PRUNE_EVERY == 0:
                self._prune(head.last_id - change.keep_s)
        self._writes += 1
        self._version = self._data_version()
        return head

    def overtaken(self) -> bool:
        """Tell whether another process may have written since our last transaction."""
        with translated(self._path):
            return self._data_version() != self._version

    def replaced(self) -> bool:
        """Tell whether the path leads elsewhere now: SQLite would go on writing to a lost file."""
        return _identity(self._path) != self._identity

    def close(self) -> None:
        """Close the file; SQLite folds the write-ahead log into it."""
        self._connection.close()

    def _put(self, head: Head, records: Sequence[ReportRecord]) -> None:
        counts = head.counts
        self._connection.execute(
            "UPDATE head SET last_report_id = ?, accepted = ?, acknowledged = ?, rejected = ?,"
            " no_reply = ?, missed = ?",
            (
                head.last_id,
                counts.accepted,
                counts.acknowledged,
                counts.rejected,
                counts.no_reply,
                counts.missed,
            ),
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?, ?, ?)", map(to_row, records)
        )

    def _prune(self, oldest_id: int) -> None:
        self._connection.execute("DELETE FROM reports WHERE report_id < ?", (oldest_id,))
        self._connection.execute(
            "DELETE FROM reports WHERE report_id <="
            " (SELECT report_id FROM reports ORDER BY report_id DESC LIMIT 1 OFFSET ?)",
            (_MAX_REPORTS,),
        )

    def _head(self) -> Head:
        row = self._row(
            "SELECT last_report_id, accepted, acknowledged, rejected, no_reply, missed FROM head"
        )
        if row is None or not all(isinstance(n, int) and 0 <= n <= _MAX_NUMBER for n in row):
            raise CorruptStateError(f"its head is impossible: {row}")
        last_id, accepted, acknowledged, rejected, no_reply, missed = row
        counts = OutcomeCounts(
            accepted=accepted,
            acknowledged=acknowledged,
            rejected=rejected,
            no_reply=no_reply,
            missed=missed,
        )
        return Head(last_id, counts)

    def _data_version(self) -> object:
        return self._row("PRAGMA data_version")

    def _row(self, statement: str) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(statement).fetchone()
        return row


def set_aside(path: Path, now: datetime) -> Path:
    """Rename a damaged state file and forget those set aside earlier.

    Returns:
        Its new path, `<name>.corrupt-<UTC time>`.

    Raises:
        StateError: the folder cannot be written.
    """
    aside = path.with_name(f"{path.name}.corrupt-{now:%Y%m%dT%H%M%SZ}")
    with translated(path):
        for earlier in path.parent.glob(f"{path.name}.corrupt-*"):
            earlier.unlink()
        # Its log stays behind: SQLite deletes a log that it finds beside an empty file.
        path.rename(aside)
    return aside


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)


def _give_to_folder_owner(path: Path) -> None:
    # Run once by root, the agent must not lock the daemon's user out of its own folder.
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
