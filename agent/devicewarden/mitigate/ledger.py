"""Root's own memory of what it did: written before it acts, so that whatever ends it can be undone.

One process at a time has it, and nft with it: who waits for the lock waits for a change that a
killed process left running, too.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from devicewarden.config.mitigate_settings import LEDGER
from devicewarden.mitigate.record_form import Entry, read_ledger, write_ledger
from devicewarden.model.errors import DocumentError, MitigationError

MAX_ENDED: Final = 500
"""Entries that are over and still told of."""

OVER: Final = frozenset({"FAILED", "SKIPPED", "UNDONE", "EXPIRED"})
"""Statuses of what is not in effect."""


class Ledger:
    """All entries, the oldest first; every change is durable when it returns.

    Attributes:
        entries: by action id.
        brokers: addresses that the broker had, the newest first.
        lock: descriptor of the lock, for programs that must hold it to their end.
    """

    def __init__(self, folder: Path, lock: int) -> None:
        self.lock = lock
        self._file = folder / LEDGER
        self.entries: dict[str, Entry] = {}
        self.brokers: tuple[str, ...] = ()
        self._read()

    def keep(self, entry: Entry) -> None:
        """Write an entry in the place of the one of the same id."""
        self.entries[entry.record.action_id] = entry
        self.save()

    def save(self) -> None:
        """Write all of it: whoever reads sees what was, or what is.

        Raises:
            MitigationError: it cannot be written.
        """
        self._forget()
        half = self._file.with_suffix(".half")
        try:
            with open(half, "wb", opener=_readable) as file:
                file.write(write_ledger(list(self.entries.values()), self.brokers))
                os.fsync(file.fileno())
            half.replace(self._file)
            _sync(self._file.parent)
        except OSError as error:
            raise MitigationError(
                f"{self._file} cannot be written: {error.strerror}",
                hint="nothing is done that could not be undone",
            ) from error

    def _read(self) -> None:
        try:
            entries, self.brokers = read_ledger(self._file.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, DocumentError) as error:
            raise MitigationError(
                f"{self._file} cannot be used: {error}",
                hint="move it away; nft delete table inet devicewarden lifts what is blocked",
            ) from error
        self.entries = {entry.record.action_id: entry for entry in entries}

    def _forget(self) -> None:
        over = [name for name, entry in self.entries.items() if _is_over(entry)]
        for name in over[: max(len(over) - MAX_ENDED, 0)]:
            del self.entries[name]


@contextmanager
def open_ledger(folder: Path) -> Iterator[Ledger]:
    """Wait for whoever has the ledger, and take it.

    Raises:
        MitigationError: its folder cannot be used, or is not root's alone to write.
    """
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        found = folder.stat()
        lock = os.open(
            folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
    except OSError as error:
        raise MitigationError(
            f"{folder} cannot be used: {error.strerror}", hint="mitigation takes root"
        ) from error
    try:
        if found.st_uid not in {0, os.geteuid()} or found.st_mode & 0o022:
            raise MitigationError(f"{folder} must be root's, and nobody else may write there")
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Ledger(folder, lock)
    finally:
        os.close(lock)


def _is_over(entry: Entry) -> bool:
    # What was done and leaves nothing that ends, such as evidence, is over as well.
    done = entry.record.status == "SUCCESSFUL" and entry.record.expires_at is None
    return done or entry.record.status in OVER


def _readable(path: str, flags: int) -> int:
    handle = os.open(path, flags | os.O_NOFOLLOW, 0o644)
    # The daemon reads it, whatever the umask of the unit.
    os.fchmod(handle, 0o644)
    return handle


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
