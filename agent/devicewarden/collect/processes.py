"""Processes: who they are, and which one holds a socket. One may vanish at any step."""

import os
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

_MOST_BYTES: Final = 4096
_MOST_CHARACTERS: Final = 1024
_CUT: Final = "…"
_REDACTED: Final = "***"
_CGROUP_LINES: Final = re.compile(rb"^\d+:(?:|name=systemd):(/.*)$", re.MULTILINE)
"""Of version 2, and of version 1 as systemd keeps its own where both are in use."""


class Identity(NamedTuple):
    """What one process shows. Text is printable: the rest is escaped.

    Attributes:
        pid: its process id.
        program: file name of its executable; without the right to see that, the name that it gave
            itself; None where neither is shown.
        command_line: arguments with spaces between, redacted, cut at 1,024 characters; None for a
            process that has none, or does not show it.
        cgroup: path of its cgroup, None where it is not shown.
    """

    pid: int
    program: str | None
    command_line: str | None
    cgroup: str | None


class Processes:
    """The processes that /proc shows."""

    def __init__(self, redact: Sequence[re.Pattern[str]] = (), root: Path = Path("/proc")) -> None:
        """Prepare to look.

        Args:
            redact: what they match in a command line is replaced by `***`.
            root: the proc file system.
        """
        self._redact = redact
        self._root = root

    def newest_first(self) -> list[int]:
        """List all pids that are shown, the highest first."""
        try:
            with os.scandir(self._root) as entries:
                return sorted((int(e.name) for e in entries if e.name.isdecimal()), reverse=True)
        except OSError:
            return []

    def uid(self, pid: int) -> int | None:
        """Tell the effective user; root for a process that may not be looked into."""
        try:
            return (self._root / str(pid)).stat().st_uid
        except OSError:
            return None

    def shows_descriptors(self, pid: int) -> bool:
        """Tell whether we may see which files a process holds."""
        try:
            os.close(self._descriptors(pid))
        except OSError:
            return False
        return True

    def holds(self, pid: int, inode: int, most: int) -> tuple[bool, int]:
        """Tell whether a process holds a socket.

        Args:
            pid: the process; one that is gone or closed to us holds nothing.
            inode: of the socket.
            most: give up after so many descriptors.

        Returns:
            Whether it does, and how many descriptors were looked at.
        """
        wanted = f"socket:[{inode}]"
        seen = 0
        try:
            folder = self._descriptors(pid)
        except OSError:
            return False, seen
        try:
            with os.scandir(folder) as entries:
                for seen, entry in enumerate(islice(entries, most), 1):
                    if _link(entry.name, folder) == wanted:
                        return True, seen
        except OSError:
            pass  # the process ended
        finally:
            os.close(folder)
        return False, seen

    def identify(self, pid: int) -> Identity | None:
        """Tell who a process is; None if it is gone or hidden."""
        try:
            # Held open, the folder stays that of this process, even if its pid is given away.
            folder = os.open(f"{self._root}/{pid}", os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return None
        try:
            return Identity(
                pid,
                _program(folder),
                self._command_line(_read("cmdline", folder)),
                _cgroup(_read("cgroup", folder)),
            )
        finally:
            os.close(folder)

    def _descriptors(self, pid: int) -> int:
        return os.open(f"{self._root}/{pid}/fd", os.O_RDONLY | os.O_DIRECTORY)

    def _command_line(self, raw: bytes) -> str | None:
        arguments = raw.rstrip(b"\0").split(b"\0")
        # Escaped before it is redacted: no control character may cut a secret in two.
        text = printable(b" ".join(arguments))
        for pattern in self._redact:
            text = pattern.sub(_REDACTED, text)
        cut = len(raw) > _MOST_BYTES or len(text) > _MOST_CHARACTERS
        return (text[:_MOST_CHARACTERS] + _CUT if cut else text) or None


def printable(raw: bytes) -> str:
    """Write what others chose to be called: control characters and bad UTF-8 are escaped."""
    text = raw.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def _program(folder: int) -> str | None:
    try:
        executable = os.readlink("exe", dir_fd=folder)
        return printable(os.fsencode(executable.rpartition("/")[2]))
    except OSError:
        return printable(_read("comm", folder).removesuffix(b"\n")) or None


def _cgroup(text: bytes) -> str | None:
    """Read /proc/PID/cgroup; a path below the root says more than the root."""
    paths = sorted(_CGROUP_LINES.findall(text), key=len)
    return printable(paths[-1]) if paths else None


def _link(name: str, folder: int) -> str:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return ""


def _read(name: str, folder: int) -> bytes:
    """Read the beginning of a file of one process; nothing if it is gone or closed to us."""
    try:
        descriptor = os.open(name, os.O_RDONLY, dir_fd=folder)
    except OSError:
        return b""
    try:
        return os.read(descriptor, _MOST_BYTES + 1)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
