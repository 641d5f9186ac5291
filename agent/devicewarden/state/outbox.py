"""Events that no sink has yet: a queue for each sink, on disk, bounded, in order."""

import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal, NamedTuple, TypeAlias, cast, get_args

from devicewarden.state import sink_errors
from devicewarden.state.columns import from_ms, slowly, to_ms
from devicewarden.state.journal import Journal
from devicewarden.state.sink_errors import SinkErrors

LOG: Final = "log"
"""The sink that hears of every event; of quiet ones it alone does."""

Kind: TypeAlias = Literal["violation", "finding", "audit", "action"]
"""What an event is about; sinks may deliver each kind to another place."""

MAX_AGE: Final = timedelta(days=7)
MAX_BYTES: Final = 1_000_000
"""Payloads kept for one sink, about 300 violations."""

_MAX_HELD: Final = 256
"""Entries kept in memory while the file cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event on its way to one sink.

    Attributes:
        sink: name of the sink.
        event_id: the same at every attempt and for every sink, so that receivers can tell twins.
        put_at: aware UTC time, kept to the millisecond.
        quiet: simulated or suppressed.
        payload: what the sink is to deliver.
        kind: what it is about.
    """

    sink: str
    event_id: str
    put_at: datetime
    quiet: bool
    payload: bytes
    kind: Kind = "violation"


class SinkCounts(NamedTuple):
    """How one sink's queue is doing.

    Attributes:
        waiting: entries that the sink does not have yet.
        dropped: too old, or too many, since the state file began.
        refused: those that the sink will never take, since the state file began.
    """

    waiting: int = 0
    dropped: int = 0
    refused: int = 0


def entries(
    event_id: str,
    sinks: Iterable[str],
    payload: bytes,
    *,
    put_at: datetime,
    quiet: bool,
    kind: Kind = "violation",
) -> tuple[Entry, ...]:
    """Address an event to sinks; a quiet one to the log alone."""
    return tuple(
        Entry(sink=sink, event_id=event_id, put_at=put_at, quiet=quiet, payload=payload, kind=kind)
        for sink in sinks
        if sink == LOG or not quiet
    )


def put(db: sqlite3.Connection, new: Iterable[Entry]) -> None:
    """Put entries in the outbox, inside the transaction that records their event.

    The oldest entries of a sink make room for a new one, and are counted.
    """
    for entry in new:
        db.execute(
            "INSERT INTO outbox (sink, event_id, put_at, quiet, payload, kind)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                entry.sink,
                entry.event_id,
                to_ms(entry.put_at),
                entry.quiet,
                entry.payload,
                entry.kind,
            ),
        )
        dropped = db.execute(
            "DELETE FROM outbox WHERE sink = ? AND place <= ?",
            (entry.sink, _last_too_many(db, entry.sink)),
        ).rowcount
        _count(db, entry.sink, "dropped", dropped)


def drop_old(db: sqlite3.Connection, now: datetime) -> None:
    """Drop what nobody took for MAX_AGE, and count it."""
    (earliest,) = db.execute("SELECT min(put_at) FROM outbox").fetchone()
    dropped = db.execute(
        "DELETE FROM outbox WHERE put_at < ? RETURNING sink",
        (slowly(to_ms(now - MAX_AGE), earliest),),
    )
    for sink, number in Counter(sink for (sink,) in dropped).items():
        _count(db, sink, "dropped", number)


def counts(db: sqlite3.Connection) -> Mapping[str, SinkCounts]:
    """Tell how the queue of each sink is doing, by name; sinks with nothing to tell are absent."""
    found = {
        name: SinkCounts(0, dropped, refused)
        for name, dropped, refused in db.execute("SELECT name, dropped, refused FROM sinks")
    }
    for sink, waiting in db.execute("SELECT sink, count(*) FROM outbox GROUP BY sink"):
        found[sink] = found.get(sink, SinkCounts())._replace(waiting=waiting)
    return found


class Outbox:
    """Hands out each sink's entries one by one, oldest first, until they are done.

    While the state file cannot be used the newest entries are handed out from memory.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._errors = SinkErrors(journal)
        self._held: deque[Entry] = deque()
        self._overflow: Counter[str] = Counter()

    def hold(self, new: Iterable[Entry]) -> None:
        """Keep entries in memory whose transaction waits for the disk."""
        for entry in new:
            if len(self._held) >= _MAX_HELD:
                self._overflow[self._held.popleft().sink] += 1
            self._held.append(entry)

    def next(self, sink: str) -> Entry | None:
        """Give the oldest entry of a sink, the same until it is done; None: there is none."""
        found = self._journal.read(lambda db: (_first(db, sink),))
        if found is None:
            return next((entry for entry in self._held if entry.sink == sink), None)
        self._held.clear()
        return found[0]

    def done(self, entry: Entry) -> None:
        """Forget an entry that its sink has."""
        self._end(partial(_deliver, entry=entry), entry)

    def refused(self, entry: Entry, error: str) -> None:
        """Forget an entry that its sink will never take, count it, and keep why."""
        self._end(partial(_refuse, entry=entry, error=error), entry)

    def failing(self, entry: Entry, error: str) -> None:
        """Keep why a sink does not take its oldest entry."""
        self._errors.failing(entry.sink, error)

    def counts(self) -> Mapping[str, SinkCounts]:
        """Tell how the queue of each sink is doing, by name; sinks with nothing to tell are absent.

        While the state file cannot be used that is what is in memory.
        """
        stored = self._journal.read(counts)
        if stored is not None:
            self._held.clear()
        found = Counter(entry.sink for entry in self._held)
        told = dict(stored or {})
        for sink in found | self._overflow:
            before = told.get(sink, SinkCounts())
            told[sink] = before._replace(
                waiting=before.waiting + found[sink],
                dropped=before.dropped + self._overflow[sink],
            )
        return told

    def _end(self, work: Callable[[sqlite3.Connection], object], entry: Entry) -> None:
        self._errors.over(entry.sink)
        if entry in self._held:
            self._held.remove(entry)
        self._journal.keep(work)
        self._journal.settle()


def _first(db: sqlite3.Connection, sink: str) -> Entry | None:
    row = db.execute(
        "SELECT event_id, put_at, quiet, payload, kind FROM outbox WHERE sink = ?"
        " ORDER BY place LIMIT 1",
        (sink,),
    ).fetchone()
    if row is None:
        return None
    event_id, put_at, quiet, payload, kind = row
    if kind not in get_args(Kind):
        raise ValueError(f"an event has the impossible kind {kind!r}")
    return Entry(
        sink=sink,
        event_id=event_id,
        put_at=from_ms(put_at),
        quiet=bool(quiet),
        payload=payload,
        kind=cast("Kind", kind),
    )


def _last_too_many(db: sqlite3.Connection, sink: str) -> int:
    """Find the newest entry that no longer fits; 0: all do."""
    room = MAX_BYTES
    newest_first = db.execute(
        "SELECT place, length(payload) FROM outbox WHERE sink = ? ORDER BY place DESC", (sink,)
    )
    for place, size_bytes in newest_first:
        room -= size_bytes
        if room < 0:
            return int(place)
    return 0


def _remove(db: sqlite3.Connection, entry: Entry) -> None:
    db.execute("DELETE FROM outbox WHERE sink = ? AND event_id = ?", (entry.sink, entry.event_id))


def _deliver(db: sqlite3.Connection, entry: Entry) -> None:
    _remove(db, entry)
    sink_errors.clear(db, entry.sink)


def _refuse(db: sqlite3.Connection, entry: Entry, error: str) -> None:
    _remove(db, entry)
    _count(db, entry.sink, "refused", 1)
    sink_errors.write(db, entry.sink, error)


def _count(db: sqlite3.Connection, sink: str, what: str, events: int) -> None:
    if events:
        db.execute("INSERT OR IGNORE INTO sinks (name) VALUES (?)", (sink,))
        db.execute(
            f"UPDATE sinks SET {what} = {what} + ? WHERE name = ?",  # noqa: S608  one of our columns
            (events, sink),
        )
