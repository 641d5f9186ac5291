"""The ledger of the account's actions, in the state file; one process at a time acts by it."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from devicewarden.config.settings import StateSettings
from devicewarden.model.action import ActionRecord
from devicewarden.model.errors import MitigationError, StateError
from devicewarden.state import account_actions, action_tables
from devicewarden.state.account_actions import Kept
from devicewarden.state.folder_owner import as_owner_of
from devicewarden.state.own import transact
from devicewarden.state.state_file import state_path

_LOCK: Final = "account-actions.lock"


@dataclass(frozen=True, slots=True)
class StateLedger:
    """Durable when a method returns; what ended is put in the outbox in the same transaction.

    Attributes:
        settings: where the state file is.
        sinks: that are told.
        write: gives a record as sinks get it.

    Raises:
        StateError: from every method: the state file cannot be used.
    """

    settings: StateSettings
    sinks: tuple[str, ...]
    write: Callable[[ActionRecord], str]

    def recall(self, action_id: str) -> Kept | None:
        return transact(self.settings, lambda db: account_actions.recall(db, action_id))

    def keep(self, kept: Kept) -> None:
        transact(self.settings, lambda db: self._keep(db, kept))

    def _keep(self, db: sqlite3.Connection, kept: Kept) -> None:
        account_actions.keep(db, kept)
        record = kept.record
        if record.ended_at is not None:
            document = self.write(record)
            told = action_tables.Told(record.action_id, record.status, document, quiet=False)
            action_tables.record(db, told, record.ended_at, self.sinks)


@contextmanager
def taken(ledger: StateLedger) -> Iterator[StateLedger]:
    """Take the ledger for oneself.

    Raises:
        MitigationError: another process has it.
        StateError: the folder cannot be used.
    """
    # Makes the folder, too, where this is the first command ever.
    ledger.recall("")
    folder = state_path(ledger.settings).parent
    try:
        with as_owner_of(folder):
            lock = os.open(
                folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
    except OSError as error:
        raise StateError(f"{folder / _LOCK} cannot be used: {error.strerror}") from error
    try:
        _lock(lock)
        yield ledger
    finally:
        os.close(lock)


def _lock(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise MitigationError(
            "another devicewarden mitigate acts in the account", hint="wait for its end"
        ) from error
