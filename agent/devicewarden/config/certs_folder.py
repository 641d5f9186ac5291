"""Copies of certificates, keys and passwords, where systemd's LoadCredential= finds them."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from devicewarden.config.drop_in import GIVEN
from devicewarden.config.fault import shown
from devicewarden.config.files import MAX_BYTES, content_of
from devicewarden.model.errors import ConfigError, Problem

NAME: Final = "certs"
_TAKEN: Final = re.compile(r"(?!\.)[ -9;-~]+")
"""File names that systemd 252 and 257 hand to the unit. Over one with a colon or beyond ASCII the
unit does not even start; hidden files are passed over."""


class Copies:
    """What is to be copied into `certs/` beside the configuration, each file under its own name.

    A file that is there already is never written: an equal one serves, another is a problem.

    Attributes:
        paths: setting -> where the file is afterwards.
        problems: setting by setting, why it cannot be copied.
    """

    def __init__(self, files: Mapping[str, str], config: Path) -> None:
        """Read the files; nothing is written yet."""
        self._folder = config.parent / NAME
        self._contents: dict[Path, bytes] = {}
        self._made: list[Path] = []
        self.paths: dict[str, str] = {}
        self.problems: list[Problem] = []
        for key, source in files.items():
            self._plan(key, Path(source))
        if files and self._folder.exists():
            self.problems += _open_to_others(self._folder)

    def make(self) -> None:
        """Write the copies, 0600 in a folder of 0700, and theirs who owns the folder.

        Raises:
            ConfigError: one cannot be written; none is left behind.
        """
        try:
            if self._contents:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for target, content in self._contents.items():
                self._write(target, content)
        except OSError as error:
            self.undo()
            raise ConfigError(f"{self._folder}: {error.strerror}", hint="try as root") from error

    def undo(self) -> None:
        """Remove what `make` wrote, and nothing else."""
        for path in self._made:
            path.unlink(missing_ok=True)
        self._made.clear()

    def _plan(self, key: str, source: Path) -> None:
        if not is_taken(source.name):
            hint = "rename it: ASCII, no colon, no dot in front"
            self._problem(key, f"systemd does not take the file name {shown(source.name)}", hint)
            return
        target = self._folder / source.name
        try:
            content = content_of(source)
            there = content_of(target) if target.exists() else None
        except OSError as error:
            self._problem(key, f"{shown(str(error.filename))} cannot be read: {error.strerror}")
            return
        if content is None or len(content) > MAX_BYTES:
            self._problem(key, f"{shown(str(source))} is not a file of at most {MAX_BYTES} bytes")
        elif self._contents.get(target, content if there is None else there) != content:
            hint = "rename one of them; nothing there is ever overwritten"
            self._problem(key, f"{target} is there, with other contents", hint)
        else:
            self.paths[key] = str(target)
            if there is None:
                self._contents[target] = content

    def _problem(self, key: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(GIVEN, f"{key}: {message}", hint))

    def _write(self, target: Path, content: bytes) -> None:
        owner = self._folder.stat()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(target, flags, 0o600), "wb") as file:
            self._made.append(target)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _open_to_others(folder: Path) -> Iterator[Problem]:
    """Say who else would read the keys; nothing is mended, for somebody may rely on it."""
    status, above = folder.stat(), folder.parent.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        hint = f"chmod 700 {folder}"
        yield Problem(str(folder), f"is open to others, mode {mode:04o}: keys go there", hint)
    if status.st_uid not in {0, os.geteuid(), above.st_uid}:
        whose = f"belongs to user id {status.st_uid}, whose keys would go there"
        yield Problem(str(folder), whose, f"chown {above.st_uid} {folder}")


def is_taken(name: str) -> bool:
    """Tell whether systemd hands a file of this name to the unit."""
    return _TAKEN.fullmatch(name) is not None


@contextlib.contextmanager
def undone_on_error(copies: Copies) -> Iterator[None]:
    """Make the copies, and remove them again if what follows fails."""
    copies.make()
    try:
        yield
    except BaseException:
        copies.undo()
        raise
