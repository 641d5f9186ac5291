"""The state file for short-lived commands, while the daemon may be using it."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import StateError
from devicewarden.state.file_errors import CorruptStateError, translated
from devicewarden.state.own import transact
from devicewarden.state.schema import VERSION
from devicewarden.state.state_file import state_path

T = TypeVar("T")


class UnreadableStateError(StateError):
    """The file is there, and whoever asks may not read it."""


def look(settings: StateSettings, work: Callable[[sqlite3.Connection], T]) -> T:
    """Look something up; the file is neither made nor changed, nor brought to our version.

    Raises:
        StateError: there is no such file, or it cannot be read.
    """
    path = _existing(settings)
    with _told(path), translated(path), _opened(path) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise StateError(
                f"the state file is of version {version}, this devicewarden reads {VERSION}",
                hint="let the daemon of this version start once: systemctl restart devicewarden",
            )
        return work(db)


def change(settings: StateSettings, work: Callable[[sqlite3.Connection], T]) -> T:
    """Make a change in one durable transaction.

    Raises:
        StateError: there is no such file, or it cannot be written.
    """
    _existing(settings)
    return transact(settings, work)


def _existing(settings: StateSettings) -> Path:
    path = state_path(settings)
    with translated(path):
        if not path.exists():
            raise StateError(
                f"there is no state file {path}", hint="has the daemon run? see state.dir"
            )
    if not os.access(path, os.R_OK):
        raise UnreadableStateError(f"you may not read the state file {path}", hint="ask as root")
    return path


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except CorruptStateError as error:
        raise StateError(
            f"the state file {path} is damaged: {error}",
            hint="the running daemon sets it aside and begins anew",
        ) from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(_connected(path, "mode=ro")) as db:
        try:
            db.execute("PRAGMA user_version").fetchone()
        except sqlite3.OperationalError:
            # Without a daemon there is no log, and who may only read cannot make an empty one.
            if path.with_name(f"{path.name}-wal").exists():
                raise
        else:
            yield db
            return
    with contextlib.closing(_connected(path, "immutable=1")) as db:
        yield db


def _connected(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
