"""Changes on their way into the state file, in order; what cannot be written waits in memory."""

import sqlite3
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

from devicewarden.config.settings import StateSettings
from devicewarden.state.recovery import SelfHealingFile
from devicewarden.state.state_file import StateFile, state_path

T = TypeVar("T")
Work: TypeAlias = Callable[[sqlite3.Connection], T]
"""Part of a transaction: does nothing but SQL, may be done again, and gives no None."""

_MAX_WAITING: Final = 256
"""Changes kept in memory while the file cannot be used; a violation's is about 4 KB."""

_LONGEST_WAIT_S: Final = {"full": 330, "wear-saver": 1500}
"""A little longer than from one transaction of the reports to the next, so that what is not urgent
travels with those."""


class Waiting:
    """A change that waits for a transaction.

    Attributes:
        work: makes the change.
        over: it is durable, or it was given up because too much waits.
    """

    __slots__ = ("over", "work")

    def __init__(self, work: Work[object]) -> None:
        self.work = work
        self.over = False


class Journal:
    """One state file for all that is remembered: every transaction takes along what waits.

    Works are redone on a new file where the old one turns out to be damaged, and after a failure
    of the disk. Used by one thread.
    """

    def __init__(self, settings: StateSettings, now: Callable[[], datetime]) -> None:
        self._file = SelfHealingFile(state_path(settings), now)
        self._now = now
        self._longest_wait_s = _LONGEST_WAIT_S[settings.durability]
        self._waiting: deque[Waiting] = deque()
        self._waits_since = now()
        self._behind = False
        self._lost = 0

    @property
    def problem(self) -> str:
        """Why the state is not kept as it should be and what to do; empty while all is well."""
        lost = f"{self._lost} changes did not fit into memory and are lost" if self._lost else ""
        return "; ".join(filter(None, (self._file.problem, lost)))

    def keep(self, work: Work[object]) -> Waiting:
        """Let a change wait for the next transaction, whoever begins it."""
        if not self._waiting:
            self._waits_since = self._now()
        elif len(self._waiting) >= _MAX_WAITING:
            self._waiting.popleft().over = True
            self._lost += 1
        waiting = Waiting(work)
        self._waiting.append(waiting)
        return waiting

    def write(self, work: Work[T]) -> T | None:
        """Make what waits, and then this change, in one durable transaction.

        Returns:
            None: it could not be; `problem` says why, what waited goes on waiting, this does not.
        """
        result = self._file.use(lambda file: file.transact(self._after_what_waits(work)))
        self._behind = result is None
        self._waits_since = self._now()
        if result is not None:
            for waiting in self._waiting:
                waiting.over = True
            self._waiting.clear()
        return result

    def settle(self) -> bool:
        """Make durable what waits; False: it goes on waiting, and `problem` says why."""
        return not self._waiting or self.write(lambda _db: True) is not None

    def settle_if_due(self) -> None:
        """Make durable what has waited long enough; cheap where there is nothing to do."""
        waited = self._now() - self._waits_since
        if self._waiting and abs(waited.total_seconds()) >= self._longest_wait_s:
            self.settle()

    def read(self, work: Work[T]) -> T | None:
        """Look something up.

        What waits is not seen, but after a failure nothing is read until it is in the file.

        Returns:
            None: the file cannot be used, and `problem` says why.
        """
        if self._behind and not self.settle():
            return None
        return self._file.use(lambda file: file.read(work))

    def overtaken(self) -> bool:
        """Tell whether another process may have written since our last transaction."""
        return self._file.use(StateFile.overtaken) is not False

    def close(self) -> None:
        """Make durable what waits, and close the file."""
        self.settle()
        self._file.close()

    def _after_what_waits(self, work: Work[T]) -> Work[T]:
        def all_of_it(db: sqlite3.Connection) -> T:
            for waiting in self._waiting:
                waiting.work(db)
            return work(db)

        return all_of_it
