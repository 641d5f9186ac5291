"""docs/runbooks/authorization-failures.md, played with as many devices as the machine can bear."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.e2e.runbooks.pages import Page, typed

from devicewarden.sandbox.control import is_running

PAGE = Page("authorization-failures.md")
UP, RUN, DENY, ASK, LOOK, ALLOW = PAGE.blocks("sh")
DEVICES = 50
SETTLE_S = 120.0
QUICK = '"durationSeconds": 5'
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it.

    Attributes:
        alarmed: what `sandbox violations` printed when all were in alarm.
        alarmed_s: from the change of the policy to the last alarm, in seconds.
        cleared_s: from the change back to the last alarm that cleared.
        violations: what one device tells of it.
        status: what the same device tells of itself.
    """

    alarmed: str
    alarmed_s: float
    cleared_s: float
    violations: str
    status: str


def play(devices: int, home: Path) -> Played:
    """Do what the page says, with so many devices.

    Args:
        devices: in the place of the page's 50.
        home: where the sandbox lies; a short path, for its sockets.
    """
    (profile,) = PAGE.blocks("json")
    # As the page says of the sandbox.
    (home / "fleet.json").write_text(profile.replace('"durationSeconds": 300', QUICK))
    with _shell(_of(UP, devices), home) as sandbox, ExitStack() as agents:
        _until(lambda: _is_up(home))
        agents.enter_context(_shell(_of(RUN, devices), home))
        _until(lambda: connected(home) == devices)
        began_s = time.monotonic()
        _type(DENY, home)
        alarmed = _until(lambda: _alarms(home, devices))
        alarmed_s = time.monotonic() - began_s
        violations, status = (_type(line, home) for line in LOOK.splitlines())
        began_s = time.monotonic()
        _type(ALLOW, home)
        _until(lambda: _cleared(home))
        assert sandbox.poll() is None
        cleared_s = time.monotonic() - began_s
    return Played(alarmed, alarmed_s, cleared_s, violations, status)


def connected(home: Path) -> int:
    """Count the devices whose agent has said that it is connected."""
    logs = home.glob(".cache/devicewarden/sandbox/things/*/log")
    return sum("broker_connected" in log.read_text() for log in logs)


def _of(block: str, devices: int) -> str:
    return block.replace("seq 50", f"seq {devices}")


def _is_up(home: Path) -> bool:
    return is_running(home / ".cache/devicewarden/sandbox")


def _alarms(home: Path, devices: int) -> str:
    line = typed(ASK, home=home).stdout
    return line if line.startswith(f"{devices}  ") else ""


def _cleared(home: Path) -> bool:
    return typed(ASK, home=home).returncode == 0


def _type(line: str, home: Path) -> str:
    done = typed(line, names={"~/": f"{home}/"}, home=home)
    assert done.returncode in {0, 1}, done.stderr
    return done.stdout


def _until(ask: Callable[[], T]) -> T:
    """Ask until the answer is not empty."""
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        threading.Event().wait(0.5)
    raise AssertionError(f"never came: {ask()}")


@contextmanager
def _shell(script: str, home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Have a shell run a block of the page, and end all that it started."""
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environ = {**os.environ, "HOME": str(home), "PATH": programs}
    # Told to end, the shell stays until what it started has ended, and leaves nobody who writes.
    argv: Sequence[str] = ("bash", "-c", f"trap : TERM\n{script}\nwait\nwait")
    with subprocess.Popen(  # noqa: S603  blocks of our own page
        argv, cwd=home, env=environ, stdout=subprocess.DEVNULL, start_new_session=True
    ) as shell:
        try:
            yield shell
        finally:
            os.killpg(shell.pid, signal.SIGTERM)
