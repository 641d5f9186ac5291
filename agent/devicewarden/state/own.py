"""The state file for commands that root may start: as the folder's owner, whose file it stays."""

import contextlib
import sqlite3
from collections.abc import Callable
from typing import TypeVar

from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import StateError
from devicewarden.state.file_errors import CorruptStateError
from devicewarden.state.folder_owner import as_owner_of
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
