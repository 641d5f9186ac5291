"""The history of datapoints, from which profiles are replayed and statistics are made."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from itertools import count, groupby
from typing import Final, TypeAlias
from zlib import crc32

from devicewarden.model.violation import Datapoint
from devicewarden.state.columns import slowly, to_ms
from devicewarden.state.datapoint_rows import Item, Row, pack, to_point, to_row, unpack
from devicewarden.state.journal import Journal, Waiting, Work

_MAX_BATCH: Final = 5000
"""Datapoints kept in memory while the file cannot be used: a day of 17, five minutes apart."""

_MAX_NEW_LISTS_BYTES: Final = 16_384
"""Of lists never seen before, in one batch: even a port scan wears the disk by 10 MB a day."""

_MAX_METRICS: Final = 1000
_HOUR_MS: Final = 3_600_000
"""No row spans more, so that reading knows where to begin."""

_ROWS_A_PAGE: Final = 100
_DAY_MS: Final = 24 * _HOUR_MS

_Points: TypeAlias = list[tuple[int, Datapoint]]
_Page: TypeAlias = list[tuple[int, _Points]]


class Datapoints:
    """What was measured, for `state.keep_days`: give it each datapoint once.

    Batches travel with the transactions of others, or make one of their own when they have waited
    longer than from one report to the next. kill -9 costs what waits.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._batch = _Batch()
        self._waiting: Waiting | None = None
        self._left_out = 0

    @property
    def left_out(self) -> int:
        """Datapoints not kept since the start: no finite number, too long a list, too many."""
        return self._left_out + self._batch.left_out

    def append(self, points: Iterable[Datapoint]) -> None:
        """Remember datapoints."""
        if self._waiting is None or self._waiting.over:
            self._left_out += self._batch.left_out
            self._batch = _Batch()
            self._waiting = self._journal.keep(self._batch.write)
        for point in points:
            row = to_row(point)
            if row is None or len(self._batch.rows) >= _MAX_BATCH:
                self._left_out += 1
            else:
                self._batch.rows.append(row)

    def since(self, start: datetime) -> Iterator[Datapoint]:
        """Give the datapoints of every metric from this time on, in order of time.

        Those that wait in memory are written first; it ends early where the disk fails.
        """
        self._journal.settle()
        return read_since(start, self._journal.read)


class _Batch:
    """Datapoints that go to the file together; grows until it has been written."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.left_out = 0

    def write(self, db: sqlite3.Connection) -> bool:
        ids = _Ids(db)
        found = (item for row in self.rows if (item := ids.item(row)))
        items = sorted(found, key=lambda item: (item.at, item.metric))
        for _, group in groupby(items, key=lambda item: item.at // _HOUR_MS):
            _insert(db, list(group))
        # Set, not added: should the disk fail, all of this is done again.
        self.left_out = len(self.rows) - len(items)
        return True


class _Ids:
    """Finds or makes the ids of metrics and lists."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._metrics: dict[str, int] = dict(db.execute("SELECT name, id FROM metrics"))
        self._room = _MAX_NEW_LISTS_BYTES

    def item(self, row: Row) -> Item | None:
        """Put ids into a row; None: it is of a metric, or has a list, too many."""
        metric = self._metrics.get(row.metric) or self._new_metric(row.metric)
        list_id = 0 if row.document is None else self._list(row.document, row.at)
        if metric is None or list_id is None:
            return None
        return Item(row.at, metric, row.number, list_id)

    def _new_metric(self, name: str) -> int | None:
        if len(self._metrics) >= _MAX_METRICS:
            return None
        added = self._db.execute("INSERT INTO metrics (name) VALUES (?) RETURNING id", (name,))
        self._metrics[name] = int(added.fetchone()[0])
        return self._metrics[name]

    def _list(self, document: str, at: int) -> int | None:
        checksum = crc32(document.encode())
        known = self._db.execute(
            "SELECT id, used_at FROM lists WHERE checksum = ? AND document = ?",
            (checksum, document),
        ).fetchone()
        if known is None:
            return self._new_list(document, checksum, at)
        list_id, used_at = known
        if abs(at - used_at) > _DAY_MS:
            self._db.execute("UPDATE lists SET used_at = ? WHERE id = ?", (at, list_id))
        return int(list_id)

    def _new_list(self, document: str, checksum: int, at: int) -> int | None:
        if len(document) > self._room:
            return None
        self._room -= len(document)
        added = self._db.execute(
            "INSERT INTO lists (checksum, used_at, document) VALUES (?, ?, ?) RETURNING id",
            (checksum, at, document),
        )
        return int(added.fetchone()[0])


def read_since(start: datetime, ask: Callable[[Work[_Page]], _Page | None]) -> Iterator[Datapoint]:
    """Give the datapoints of every metric from this time on, in order of time.

    What is damaged is left out.

    Args:
        start: aware time.
        ask: lets a function look into the state file; None ends the reading.
    """
    start_ms = to_ms(start)
    # Rows overlap where the clock was set back.
    ahead: list[tuple[int, int, Datapoint]] = []
    turn = count()
    for first_at, points in _stored_rows(start_ms - _HOUR_MS, ask):
        while ahead and ahead[0][0] < first_at:
            yield heappop(ahead)[2]
        for at, point in points:
            if at >= start_ms:
                heappush(ahead, (at, next(turn), point))
    while ahead:
        yield heappop(ahead)[2]


def prune(db: sqlite3.Connection, oldest: datetime, newest: datetime | None) -> None:
    """Delete datapoints that are older than `oldest`, or newer than `newest`, if that is known."""
    earliest, latest = db.execute("SELECT min(first_at), max(first_at) FROM datapoints").fetchone()
    first = slowly(to_ms(oldest), earliest)
    # The same, seen from the other end.
    last = None if newest is None else -slowly(-to_ms(newest), latest and -latest)
    db.execute(
        "DELETE FROM datapoints WHERE first_at < ? OR first_at > ?", (first - _HOUR_MS, last)
    )
    db.execute("DELETE FROM lists WHERE used_at < ? OR used_at > ?", (first - 2 * _DAY_MS, last))


def _stored_rows(
    first_ms: int, ask: Callable[[Work[_Page]], _Page | None]
) -> Iterator[tuple[int, _Points]]:
    page = ask(partial(_page, first=first_ms))
    while page:
        yield from page
        page = ask(partial(_page, first=page[-1][0] + 1))


def _page(db: sqlite3.Connection, first: int) -> _Page:
    metrics: dict[int, str] = dict(db.execute("SELECT id, name FROM metrics"))
    lists = _Lists(db)
    found = db.execute(
        "SELECT first_at, packed FROM datapoints WHERE first_at >= ? ORDER BY first_at LIMIT ?",
        (first, _ROWS_A_PAGE),
    )
    return [(first_at, _points(packed, metrics, lists)) for first_at, packed in found]


def _points(packed: bytes, metrics: Mapping[int, str], lists: Mapping[int, str | None]) -> _Points:
    try:
        rows = [
            Row(at, metrics[metric], number, lists[list_id])
            for at, metric, number, list_id in unpack(packed)
        ]
        return [(row.at, to_point(row)) for row in rows]
    except (KeyError, ValueError):
        return []


class _Lists(dict[int, str | None]):
    """The documents of lists by id, read when they are first asked for; 0 is no list."""

    def __init__(self, db: sqlite3.Connection) -> None:
        super().__init__({0: None})
        self._db = db

    def __missing__(self, list_id: int) -> str | None:
        row = self._db.execute("SELECT document FROM lists WHERE id = ?", (list_id,)).fetchone()
        self[list_id] = "" if row is None else row[0]
        return self[list_id]


def _insert(db: sqlite3.Connection, items: list[Item]) -> None:
    """Add a row; where the clock came by before, it goes behind the row of the same time."""
    first_at = items[0].at
    while db.execute("SELECT 1 FROM datapoints WHERE first_at = ?", (first_at,)).fetchone():
        first_at += 1
    db.execute("INSERT INTO datapoints VALUES (?, ?)", (first_at, pack(items)))
