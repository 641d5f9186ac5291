"""What the evaluator and its baselines remember, as bytes that only they understand."""

import contextlib
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from devicewarden.config.settings import StateSettings
from devicewarden.state.columns import from_ms, storable, to_ms
from devicewarden.state.journal import Journal, Waiting

Kind: TypeAlias = Literal["evaluator", "baseline", "import"]
"""An import is a baseline that a command left for the daemon; an empty one asks to forget it."""

Key: TypeAlias = tuple[Kind, str]

MAX_BYTES: Final = 262_144
_MAX_NAME: Final = 300
_PERIOD_S: Final[Mapping[str, Mapping[Kind, int]]] = {
    "full": {"evaluator": 3600, "baseline": 43_200},
    "wear-saver": {"evaluator": 43_200, "baseline": 172_800},
}


class Snapshot(NamedTuple):
    """Something remembered.

    Attributes:
        version: of its format.
        data: at most 256 KiB.
    """

    version: int
    data: bytes


class DamagedSnapshotError(Exception):
    """The bytes in the file are not those that were saved."""


class Snapshots:
    """Keeps named bytes; they are written with the next transaction, whoever begins it.

    They are compressed, and what did not change is not written again. No method raises because of
    the disk or of what is on it.
    """

    def __init__(
        self, settings: StateSettings, journal: Journal, now: Callable[[], datetime]
    ) -> None:
        self._period_s = _PERIOD_S[settings.durability]
        self._journal = journal
        self._now = now
        self._batch = _Batch(now())
        self._waiting: Waiting | None = None
        self._saved_at: dict[Kind, datetime] = {}
        self._notes: dict[Key, str] = {}

    @property
    def problem(self) -> str:
        """What is not kept or was dropped since the start; empty while all is well."""
        return "; ".join(f"{' '.join(key).strip()}: {why}" for key, why in self._notes.items())

    def due(self, kind: Kind) -> bool:
        """Tell whether it is time to save this kind again; at the first call it begins to count.

        Every hour for the evaluator, which is small, and twice a day for baselines; with
        wear-saver twice a day and every other day.
        """
        waited = self._now() - self._saved_at.setdefault(kind, self._now())
        return abs(waited.total_seconds()) >= self._period_s[kind]

    def save(self, kind: Kind, snapshots: Mapping[str, Snapshot]) -> None:
        """Keep snapshots by name, each in the place of what it replaces."""
        self._saved_at[kind] = self._now()
        for name, snapshot in snapshots.items():
            key = (kind, storable(name, _MAX_NAME))
            if len(snapshot.data) > MAX_BYTES:
                self._notes[key] = f"not kept: {len(snapshot.data)} bytes are too many"
            else:
                self._change(key, snapshot)

    def load(self, kind: Kind, name: str, version: int) -> bytes | None:
        """Give what was kept; None: nothing, or of another version, or damaged.

        What cannot be used is dropped, and `problem` says so.
        """
        key = (kind, storable(name, _MAX_NAME))
        try:
            found = self._journal.read(lambda db: (read_snapshot(db, *key),))
        except DamagedSnapshotError as error:
            self._drop(key, f"dropped: {error}")
            return None
        snapshot = found[0] if found else None
        if snapshot is None:
            return None
        if snapshot.version != version:
            self._drop(key, f"dropped: of version {snapshot.version}, not {version}")
            return None
        return snapshot.data

    def names(self, kind: Kind) -> tuple[str, ...]:
        """Tell what is in the file of one kind."""
        return self._journal.read(lambda db: snapshot_names(db, kind)) or ()

    def forget(self, kind: Kind, name: str) -> None:
        """Delete a snapshot; an unknown one is no error."""
        self._change((kind, storable(name, _MAX_NAME)), None)

    def take_imports(self) -> Mapping[str, bytes]:
        """Put what commands imported in the place of baselines, and give it, each import once.

        Returns:
            Name of the baseline -> its bytes; empty bytes: it is to be forgotten.
        """
        if not self.names("import"):
            return {}
        return self._journal.write(_settle_imports) or {}

    def _drop(self, key: Key, why: str) -> None:
        self._notes[key] = why
        self._change(key, None)

    def _change(self, key: Key, snapshot: Snapshot | None) -> None:
        if self._waiting is None or self._waiting.over:
            self._batch = _Batch(self._now())
            self._waiting = self._journal.keep(self._batch.write)
        self._batch.changes[key] = snapshot


def read_snapshot(db: sqlite3.Connection, kind: Kind, name: str) -> Snapshot | None:
    """Give what was kept; None: nothing.

    Raises:
        DamagedSnapshotError: it is not what was saved.
    """
    row = db.execute(
        "SELECT version, checksum, data FROM snapshots WHERE kind = ? AND name = ?", (kind, name)
    ).fetchone()
    return None if row is None else _unpacked(*row)


def snapshot_names(db: sqlite3.Connection, kind: Kind) -> tuple[str, ...]:
    """Tell what is in the file of one kind."""
    rows = db.execute("SELECT name FROM snapshots WHERE kind = ? ORDER BY name", (kind,))
    return tuple(name for (name,) in rows)


def saved_at(db: sqlite3.Connection, kind: Kind, name: str) -> datetime | None:
    """Tell when a snapshot changed last; None: there is none."""
    row = db.execute(
        "SELECT saved_at FROM snapshots WHERE kind = ? AND name = ?", (kind, name)
    ).fetchone()
    return None if row is None else from_ms(row[0])


def put_imports(db: sqlite3.Connection, imports: Mapping[str, Snapshot], at: datetime) -> bool:
    """Leave baselines for the daemon; empty data: it is to forget that one."""
    batch = _Batch(at)
    batch.changes.update({("import", name): snapshot for name, snapshot in imports.items()})
    return batch.write(db)


def _settle_imports(db: sqlite3.Connection) -> Mapping[str, bytes]:
    taken: dict[str, bytes] = {}
    for name in snapshot_names(db, "import"):
        with contextlib.suppress(DamagedSnapshotError):
            snapshot = read_snapshot(db, "import", name)
            taken[name] = snapshot.data if snapshot else b""
    for name, data in taken.items():
        db.execute("DELETE FROM snapshots WHERE kind = 'baseline' AND name = ?", (name,))
        if data:
            db.execute(
                "UPDATE snapshots SET kind = 'baseline' WHERE kind = 'import' AND name = ?", (name,)
            )
    db.execute("DELETE FROM snapshots WHERE kind = 'import'")
    return taken


class _Batch:
    """Snapshots that go to the file together, None for those that leave it."""

    def __init__(self, at: datetime) -> None:
        self.changes: dict[Key, Snapshot | None] = {}
        self._at = to_ms(at)

    def write(self, db: sqlite3.Connection) -> bool:
        for key, snapshot in self.changes.items():
            if snapshot is None:
                db.execute("DELETE FROM snapshots WHERE kind = ? AND name = ?", key)
                continue
            head = (snapshot.version, zlib.crc32(snapshot.data))
            if _head(db, key) != head:
                db.execute(
                    "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)",
                    (*key, *head, self._at, zlib.compress(snapshot.data)),
                )
        return True


def _head(db: sqlite3.Connection, key: Key) -> tuple[Any, ...] | None:
    row: tuple[Any, ...] | None = db.execute(
        "SELECT version, checksum FROM snapshots WHERE kind = ? AND name = ?", key
    ).fetchone()
    return row


def _unpacked(version: int, checksum: int, packed: bytes) -> Snapshot:
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(packed, MAX_BYTES)
    except zlib.error as error:
        raise DamagedSnapshotError("it cannot be unpacked") from error
    if zlib.crc32(data) != checksum:
        raise DamagedSnapshotError("its checksum is wrong")
    return Snapshot(version, data)
