"""Certificates that an earlier audit fetched: they never change.

AWS answers ten calls of DescribeCertificate a second, unless the quota was raised: a fleet of
100,000 takes three hours the first time, and without this every time.

AWS's ids are the SHA-256 of the certificate: what is kept under another id is not believed. When it
was registered and by which CA nothing proves, so the folder must be out of everybody else's reach.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self, TypeVar

from devicewarden.audit.account.own_folder import make_own

T = TypeVar("T")

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS certificate (id TEXT PRIMARY KEY, ca TEXT, created REAL, der BLOB);
CREATE TEMP TABLE listed (id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_AT_ONCE: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What never changes of a certificate.

    Attributes:
        certificate_id: 64 hexadecimal digits.
        ca: id of the registered CA that issued it; empty: none is known.
        created_at: when it was registered, aware UTC.
        der: the certificate.
    """

    certificate_id: str
    ca: str
    created_at: datetime
    der: bytes


class CertificateCache:
    """A file of certificates. What cannot be read is not there; what cannot be written is not kept.

    Args:
        file: where, one for each account and region, in a folder for us alone; None: nothing is
            kept.

    Raises:
        AuditError: others can reach the folder.
    """

    def __init__(self, file: Path | None) -> None:
        if file is not None:
            make_own(file.parent)
        self._file = file
        self._db: sqlite3.Connection | None = None
        self._fresh = 0

    def __enter__(self) -> Self:
        self._try(self._open)
        return self

    def __exit__(self, *_: object) -> None:
        if self._db is not None:
            self._try(self._db.commit)
        if self._db is not None:
            self._db.close()
            self._db = None

    def known(self, ids: Sequence[str]) -> Mapping[str, Kept]:
        """Give those of the listed certificates that are kept."""

        def read(db: sqlite3.Connection) -> Mapping[str, Kept]:
            db.executemany("INSERT OR IGNORE INTO listed VALUES (?)", ((each,) for each in ids))
            marks = ",".join("?" * len(ids))
            query = f"SELECT id, ca, created, der FROM certificate WHERE id IN ({marks})"  # noqa: S608  question marks alone
            rows = map(_kept, db.execute(query, tuple(ids)))
            return {each.certificate_id: each for each in rows if each is not None}

        return self._with(read) or {}

    def keep(self, fetched: Kept) -> None:
        """Keep one that was fetched; one whose id is not its SHA-256 is fetched each time."""
        if not _is_of(fetched.der, fetched.certificate_id):
            return
        row = (fetched.certificate_id, fetched.ca, fetched.created_at.timestamp(), fetched.der)

        def write(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO certificate VALUES (?, ?, ?, ?)", row)
            self._fresh += 1
            if self._fresh % _AT_ONCE == 0:
                db.commit()

        self._with(write)

    def drop_others(self) -> None:
        """Forget what was not asked for; called where the list came to its end."""
        self._with(
            lambda db: db.execute("DELETE FROM certificate WHERE id NOT IN (SELECT id FROM listed)")
        )

    def _open(self) -> None:
        if self._file is None:
            return
        self._db = sqlite3.connect(self._file)
        self._db.executescript(_TABLES)

    def _with(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        db = self._db
        return None if db is None else self._try(lambda: work(db))

    def _try(self, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except (sqlite3.Error, OSError, ValueError, TypeError):
            # A full disk, or a damaged file: what is kept only saves time.
            self._db = None
            return None


def _kept(row: tuple[str, str, float, bytes]) -> Kept | None:
    """Read a row; None: it is damaged, or not what its id says."""
    certificate_id, ca, created, der = row
    try:
        created_at = datetime.fromtimestamp(created, UTC)
        sound = _is_of(der, certificate_id) and isinstance(ca, str)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    kept = Kept(certificate_id=certificate_id, ca=ca, created_at=created_at, der=der)
    return kept if sound else None


def _is_of(der: bytes, certificate_id: str) -> bool:
    return hashlib.sha256(der).hexdigest() == certificate_id
