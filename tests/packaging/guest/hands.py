"""What a story does inside the machine, and how it tells what came of it."""

import json
import subprocess
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any, Final, NamedTuple, TypeVar

SCENE: Final = Path("/scene")
UNIT: Final = "devicewarden.service"
STATE: Final = Path("/var/lib/devicewarden/state.db")
CONFIG: Final = Path("/etc/devicewarden/config.toml")
DROP_INS: Final = Path("/etc/systemd/system/devicewarden.service.d")

Facts = dict[str, Any]
T = TypeVar("T")
_NEVER: Final = Event()


class Done(NamedTuple):
    """How a command ended: its status, what it wrote on both streams, and its output alone."""

    code: int
    text: str
    out: str


def run(*command: str, within_s: float = 120) -> Done:
    """Run a command to its end, with nothing to read from."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=within_s,
        check=False,
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            "HOME": "/root",
        },
    )
    return Done(done.returncode, (done.stdout + done.stderr).strip(), done.stdout.strip())


def until(found: Callable[[], T | None], within_s: float = 30) -> T | None:
    """Look again and again; None: it did not come in time."""
    deadline = time.monotonic() + within_s
    while not (value := found()) and time.monotonic() < deadline:
        _NEVER.wait(0.1)
    return value or None


def ask() -> Facts | None:
    """Ask the agent how it is; None: nobody answers."""
    done = run("devicewarden", "status", "--json")
    return json.loads(done.out) if done.code == 0 else None


def status(ready: Callable[[Facts], object] = bool) -> Facts | None:
    """Wait for an answer that shows what is waited for."""

    def good() -> Facts | None:
        answer = ask()
        return answer if answer and ready(answer) else None

    return until(good)


def has_sample(answer: Facts) -> bool:
    return answer["sample"] is not None


def unit(name: str) -> str:
    """Read a property of the agent's unit."""
    return run("systemctl", "show", "--property", name, "--value", UNIT).text


def systemctl(*words: str) -> Done:
    return run("systemctl", *words)


def journal(since: str = "") -> list[str]:
    """Read what the agent and systemd logged of the unit, after a cursor."""
    run("journalctl", "--sync")
    after = [f"--after-cursor={since}"] if since else []
    return run("journalctl", "-u", UNIT, "-o", "cat", "--no-pager", *after).text.split("\n")


def cursor() -> str:
    """Mark the end of the journal."""
    run("journalctl", "--sync")
    last = run("journalctl", "-n", "1", "--show-cursor", "--no-pager").text
    return last.rpartition("-- cursor: ")[2]


def drop_in(name: str, text: str) -> None:
    """Write, or with no text remove, a drop-in of the unit."""
    DROP_INS.mkdir(exist_ok=True)
    if text:
        (DROP_INS / f"{name}.conf").write_text(text)
    else:
        (DROP_INS / f"{name}.conf").unlink()
    systemctl("daemon-reload")


def tell(story: Sequence[Callable[[], Facts]]) -> None:
    """Play the scenes in order; each tells facts under its own name, or what went wrong."""
    told: dict[str, Facts] = {}
    for scene in story:
        try:
            facts = scene()
        except Exception:  # noqa: BLE001  the tests of this scene show it, the others go on
            facts = {"went_wrong": traceback.format_exc()}
        told[scene.__name__] = facts
        (SCENE / "told.json").write_text(json.dumps(told))
