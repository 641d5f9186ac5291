"""The state file kept usable: opened when needed, set aside when damaged, tried again."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from devicewarden.model.errors import StateError
from devicewarden.state.file_errors import CorruptStateError
from devicewarden.state.state_file import StateFile, set_aside

T = TypeVar("T")


class SelfHealingFile:
    """A state file that may be away for a while; no method raises because of the disk."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        self._file: StateFile | None = None
        self._failure = ""
        self._notice = ""

    @property
    def problem(self) -> str:
        """What is wrong and what to do; empty while all is well."""
        return self._failure or self._notice

    def use(self, work: Callable[[StateFile], T]) -> T | None:
        """Do something with the file.

        A damaged file is set aside, and the work done on a new one.

        Returns:
            None: it cannot be used now, and `problem` says why.
        """
        try:
            try:
                result = work(self._opened())
            except CorruptStateError as error:
                self._set_aside(error)
                result = work(self._opened())
        except StateError as error:
            self.close()
            self._failure = f"{error}; the agent goes on in memory: {error.hint}"
            return None
        self._failure = ""
        return result

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> StateFile:
        if self._file is not None and self._file.replaced():
            self.close()
        if self._file is None:
            self._file = StateFile(self._path)
        return self._file

    def _set_aside(self, error: CorruptStateError) -> None:
        self.close()
        aside = set_aside(self._path, self._now())
        self._notice = (
            f"the state file was damaged ({error}); it was renamed to {aside},"
            " and history and counts began anew"
        )
