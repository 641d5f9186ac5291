"""Programs that root starts: an argument list, a time limit, bounded output, and nothing left."""

import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from devicewarden.model.errors import MitigationError

MAX_OUTPUT_BYTES: Final = 1 << 20

_PR_SET_CHILD_SUBREAPER: Final = 36
_ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_ROUNDS: Final = 100
"""Of killing; a process that forks faster than it is killed is left to the unit's cgroup."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

    Attributes:
        status: its exit status; negative: the signal that killed it.
        out: the beginning of its standard output.
        error: the beginning of its standard error, as text.
        left: processes that it left behind, which were killed.
    """

    status: int
    out: bytes = b""
    error: str = ""
    left: int = 0


def run(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout_s: float,
    limit_bytes: int = MAX_OUTPUT_BYTES,
    pass_fds: Sequence[int] = (),
) -> Ended:
    """Run a program, and end with it whatever it started, also in sessions of their own.

    Args:
        argv: program and arguments; never a shell's line.
        stdin: what it reads.
        timeout_s: it is killed after this time.
        limit_bytes: of each output; the rest is read and forgotten.
        pass_fds: descriptors that it keeps open, such as a lock that must outlive us.

    Raises:
        MitigationError: it cannot be started, or was killed because it did not end.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # What others of this process have started is not ours to kill.
    before = set(_descendants(os.getpid()))
    try:
        process = subprocess.Popen(  # noqa: S603  an argument list that root's documents hold
            argv,
            stdin=_file_of(stdin),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
            pass_fds=pass_fds,
        )
    except OSError as error:
        raise MitigationError(f"{argv[0]} cannot be started: {error.strerror}") from error
    assert process.stdout is not None  # noqa: S101  both are pipes; for the type checker
    assert process.stderr is not None  # noqa: S101  as above
    out, told = _Reader(process.stdout, limit_bytes), _Reader(process.stderr, limit_bytes)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired as error:
        raise MitigationError(f"{argv[0]} did not end within {timeout_s:g} s") from error
    finally:
        left = _kill_descendants(before)
        process.wait()
        found, text = out.end(), told.end().decode(errors="replace").strip()
    return Ended(process.returncode, found, text, left)


def _file_of(content: bytes) -> int:
    if not content:
        return subprocess.DEVNULL
    # A pipe could fill while nobody reads.
    handle = os.memfd_create("stdin", os.MFD_CLOEXEC)
    os.write(handle, content)
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


class _Reader:
    """Reads a pipe to its end beside us, and keeps the beginning."""

    def __init__(self, pipe: IO[bytes], limit_bytes: int) -> None:
        self._pipe = pipe
        self._limit_bytes = limit_bytes
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def end(self) -> bytes:
        # Everybody who held the other end is dead; the bound is for those who could not be killed.
        self._thread.join(1.0)
        return bytes(self._kept)

    def _read(self) -> None:
        with self._pipe as pipe:
            while chunk := os.read(pipe.fileno(), 65536):
                self._kept += chunk[: self._limit_bytes - len(self._kept)]


def _kill_descendants(spared: set[int]) -> int:
    """Kill all that descends from us, round after round until nobody does; tell how many did."""
    killed: set[int] = set()
    for _ in range(_ROUNDS):
        found = set(_descendants(os.getpid())) - spared
        if not found:
            break
        for pid in found:
            _signal(pid)
        killed |= found
        _reap(found)
    return len(killed)


def _signal(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _reap(pids: set[int]) -> None:
    for pid in pids:
        try:
            # Those whose parent is still dying become ours a moment later, in the next round.
            os.waitpid(pid, 0)
        except ChildProcessError:
            continue


def _descendants(root: int) -> Iterator[int]:
    """Give the processes below one; those that are dead already, and wait for us, are no more."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (parent := _living_parent(folder)):
            children.setdefault(parent, []).append(int(folder.name))
    waiting = list(children.get(root, ()))
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, ())


def _living_parent(folder: Path) -> int:
    try:
        # The program's name, in brackets, may hold anything.
        state, parent, *_ = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return 0
    return 0 if state == "Z" else int(parent)
