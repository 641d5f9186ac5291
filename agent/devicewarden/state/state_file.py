"""The SQLite file: opening it, and one transaction."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from devicewarden.config.settings import StateSettings
from devicewarden.state.file_errors import CorruptStateError, translated
from devicewarden.state.folder_owner import as_owner_of
from devicewarden.state.schema import migrate

_BUSY_S: Final = 5.0
"""Wait for another process, which holds the lock for one transaction."""

_PRAGMAS: Final = (
    # A transaction changes two pages. At 512 bytes both fit into one block of the disk.
    "PRAGMA page_size = 512",
    "PRAGMA synchronous = FULL",
    # A small log stays in place soon; while it grows, each write costs the file system a journal
    # entry too. A larger one spares the pages that change with every transaction.
    "PRAGMA wal_autocheckpoint = 200",
    "PRAGMA cache_size = -64",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cell_size_check = ON",
    "PRAGMA trusted_schema = OFF",
    # Debian's SQLite overwrites what is deleted, and wears the disk with it.
    "PRAGMA secure_delete = OFF",
)

T = TypeVar("T")


class StateFile:
    """One open state file; used by the thread that opened it.

    Raises:
        CorruptStateError: from every method: set the file aside.
        StateError: from every method: it cannot be used now; the hint says what to do.
    """

    def __init__(self, path: Path) -> None:
        with translated(path), _in_its_folder(path.parent):
            self._path = path
            self._connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
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
        self._identity = _identity(self._path)
        if self._row("PRAGMA quick_check(1)") != ("ok",):
            raise CorruptStateError("its pages contradict each other")

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Look something up; `work` may raise ValueError where rows make no sense."""
        with translated(self._path):
            return work(self._connection)

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do a change in one durable transaction: all of it, or on any error nothing."""
        with translated(self._path):
            with self._connection as transaction:
                transaction.execute("BEGIN IMMEDIATE")
                result = work(transaction)
            self._version = self._data_version()
        return result

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

    def _data_version(self) -> object:
        return self._row("PRAGMA data_version")

    def _row(self, statement: str) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(statement).fetchone()
        return row


def state_path(settings: StateSettings) -> Path:
    """Tell where the state file is."""
    return Path(settings.dir) / "state.db"


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


@contextlib.contextmanager
def _in_its_folder(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    # Run once by root, the agent must not lock the daemon's user out of its own folder.
    with as_owner_of(folder):
        yield


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
