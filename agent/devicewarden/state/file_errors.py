"""What the errors of SQLite and of the file system mean for the state file."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from devicewarden.model.errors import StateError

_CORRUPT: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,  # our statements are sound, so the tables are not ours
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_NOTADB,
    }
)


class CorruptStateError(StateError):
    """The file is damaged: nothing in it can be trusted."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what concerns the state file as StateError, a damaged file as CorruptStateError."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a bug of ours, and no word about the file
    except sqlite3.Error as error:
        raise _state_error(error, path) from error
    except ValueError as error:
        raise CorruptStateError(str(error)) from error
    except OSError as error:
        raise StateError(
            f"cannot use the state file {path}: {error.strerror}", hint=_access_hint(path)
        ) from error


def _state_error(error: sqlite3.Error, path: Path) -> StateError:
    # What Python alone refuses, undecodable text say, carries no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in _CORRUPT:
        return CorruptStateError(str(error))
    hint = _access_hint(path)
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        hint = f"see that the disk of {path.parent} is sound and has space left"
    elif code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        hint = "another process holds it; end that one"
    return StateError(f"cannot use the state file {path}: {error}", hint=hint)


def _access_hint(path: Path) -> str:
    return f"make {path.parent} a folder that user id {os.geteuid()} may write, or set state.dir"
