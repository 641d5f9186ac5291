"""`python -m devicewarden.notify.command`: one event, one run of a command, and its end.

Between daemon and command, so that all that the command started ends with it, whatever session
it hides in: orphans become this process's children, prctl(2) PR_SET_CHILD_SUBREAPER.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO, Final, NoReturn, cast

from devicewarden.config.notify_settings import CommandSettings
from devicewarden.model.errors import PermanentDeliveryError, TemporaryDeliveryError
from devicewarden.notify.errand import Errand, perform

TRY_AGAIN: Final = 75
"""EX_TEMPFAIL of sysexits.h: what mail systems take for `later` from a command."""

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_END_WITHIN_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.01
_PIECE_BYTES: Final = 4096
_SHOWN: Final = 200


def deliver(errand: Errand) -> None:
    """Run a command with the event on its standard input; nothing it started outlives this.

    Raises:
        TemporaryDeliveryError: it cannot be started, was killed, or asked for another attempt.
        PermanentDeliveryError: it ended with another status than 0.
    """
    command = CommandSettings(**errand.sink)
    _adopt_orphans()
    # The daemon sends it when the time is over.
    signal.signal(signal.SIGTERM, _leave)
    try:
        process = _started(command, errand)
        complaints: deque[bytes] = deque(maxlen=2)
        reader = threading.Thread(
            target=_drain, args=(cast("IO[bytes]", process.stderr), complaints), daemon=True
        )
        reader.start()
        status = process.wait()
    finally:
        end_descendants()
    reader.join(_END_WITHIN_S)
    _judge(status, b"".join(complaints))


def _started(command: CommandSettings, errand: Errand) -> "subprocess.Popen[bytes]":
    environment = {
        "PATH": _PATH,
        "LANG": "C",
        "DEVICEWARDEN_EVENT_ID": errand.event_id,
        "DEVICEWARDEN_EVENT": errand.kind,
    }
    # A file, not a pipe: nobody has to wait for a command that does not read.
    with open(os.memfd_create("event"), "w+b") as event:  # noqa: PTH123  it has no path
        event.write(errand.payload)
        event.seek(0)
        try:
            return subprocess.Popen(  # noqa: S603  the operator's own configuration, and no shell
                command.argv,
                stdin=event,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                env=environment,
                start_new_session=True,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise TemporaryDeliveryError(f"cannot start: {error}") from error


def _drain(stderr: "IO[bytes]", complaints: "deque[bytes]") -> None:
    """Read for as long as anybody writes, and keep the end."""
    while piece := os.read(stderr.fileno(), _PIECE_BYTES):
        complaints.append(piece)


def _judge(status: int, complaint: bytes) -> None:
    if status == 0:
        return
    last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
    why = "".join(each if each.isprintable() else "?" for each in last)[-_SHOWN:]
    behind = f": {why}" if why else ""
    if status < 0:
        raise TemporaryDeliveryError(f"killed by signal {-status}{behind}")
    if status == TRY_AGAIN:
        raise TemporaryDeliveryError(f"exit status {status}{behind}")
    raise PermanentDeliveryError(f"exit status {status}{behind}")


def _adopt_orphans() -> None:
    """Become the parent of whatever loses its own, and end when the daemon does."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def _leave(_number: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(TRY_AGAIN)


def end_descendants() -> None:
    """Kill this process's children, theirs, and those that they start meanwhile; reap them all.

    What runs as another user cannot be killed: it is left alone after a moment.
    """
    deadline = time.monotonic() + _END_WITHIN_S
    while (left := _descendants()) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        _reap()
        threading.Event().wait(_LOOK_EVERY_S)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _descendants() -> list[int]:
    """Ask every process who its parent is: not every kernel lists a process's children."""
    parents = dict(filter(None, map(_parent, Path("/proc").glob("[0-9]*/stat"))))
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def _parent(stat: Path) -> tuple[int, int] | None:
    """Tell a process and its parent; None: it has ended meanwhile. Source: proc_pid_stat(5)."""
    try:
        pid, _, rest = stat.read_bytes().partition(b" (")
    except OSError:
        return None
    return int(pid), int(rest.rpartition(b") ")[2].split()[1])


if __name__ == "__main__":
    perform(deliver)
