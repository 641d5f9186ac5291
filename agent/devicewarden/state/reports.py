"""The tables of reports: how each ended, how many ended in which way, and the last id."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Final

from devicewarden.state.columns import slowly, to_ms
from devicewarden.state.history import OutcomeCounts, ReportRecord, from_row, to_row

_MAX_NUMBER: Final = 2**53 - 1
"""What every JSON reader takes as an integer; no number of ours comes near it."""

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
    """

    records: Sequence[ReportRecord]
    counts: OutcomeCounts
    last_id: Callable[[int], int]


def read(db: sqlite3.Connection) -> tuple[Head, ReportRecord | None]:
    """Read the head and the newest record."""
    newest = db.execute("SELECT * FROM reports ORDER BY report_id DESC LIMIT 1").fetchone()
    return _head(db), None if newest is None else from_row(newest)


def write(db: sqlite3.Connection, change: Change) -> Head:
    """Apply a change.

    Returns:
        The head as it is now, other processes' changes included.
    """
    stored = _head(db)
    head = Head(change.last_id(stored.last_id), stored.counts + change.counts)
    db.execute(
        "UPDATE head SET last_report_id = ?, accepted = ?, acknowledged = ?, rejected = ?,"
        " no_reply = ?, missed = ?",
        (head.last_id, *astuple(head.counts)),
    )
    db.executemany(
        "INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?, ?, ?, ?)", map(to_row, change.records)
    )
    return head


def prune(db: sqlite3.Connection, oldest: datetime) -> None:
    """Delete reports that ended before `oldest`, or longest ago where there are too many."""
    (earliest,) = db.execute("SELECT min(ended_at) * 1000 FROM reports").fetchone()
    first = slowly(to_ms(oldest), earliest)
    db.execute("DELETE FROM reports WHERE ended_at * 1000 < ?", (first,))
    db.execute(
        "DELETE FROM reports WHERE report_id <="
        " (SELECT report_id FROM reports ORDER BY report_id DESC LIMIT 1 OFFSET ?)",
        (_MAX_REPORTS,),
    )


def _head(db: sqlite3.Connection) -> Head:
    row = db.execute(
        "SELECT last_report_id, accepted, acknowledged, rejected, no_reply, missed FROM head"
    ).fetchone()
    if row is None or not all(isinstance(n, int) and 0 <= n <= _MAX_NUMBER for n in row):
        raise ValueError(f"its head is impossible: {row}")
    last_id, accepted, acknowledged, rejected, no_reply, missed = row
    counts = OutcomeCounts(
        accepted=accepted,
        acknowledged=acknowledged,
        rejected=rejected,
        no_reply=no_reply,
        missed=missed,
    )
    return Head(last_id, counts)
