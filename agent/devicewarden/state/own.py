"""The state file for commands that root may start: as the folder's owner, whose file it stays."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import StateError
from devicewarden.state.file_errors import CorruptStateError
from devicewarden.state.state_file import StateFile, state_path

T = TypeVar("T")


def transact(settings: StateSettings, work: Callable[[sqlite3.Connection], T]) -> T:
    """Do a change in one durable transaction; the file is made, or brought to our version.

    Raises:
        StateError: it cannot be used; a damaged one is left to the daemon.
    """
    path = state_path(settings)
    try:
        with as_owner_of(path.parent), contextlib.closing(StateFile(path)) as file:
            return file.transact(work)
    except CorruptStateError as error:
        raise StateError(
            f"the state file {path} is damaged: {error}",
            hint="the running daemon sets it aside and begins anew",
        ) from error


@contextlib.contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Let root act as the owner of a folder: what it makes there, the owner can use.

    Neither can the owner make root follow a link that it laid there. Nobody else changes.
    """
    user, group = os.geteuid(), os.getegid()
    if user != 0 or not folder.exists():
        yield
        return
    owner = folder.stat()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(user)
        os.setegid(group)
