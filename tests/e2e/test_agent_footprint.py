"""What the running daemon holds: no heavy module, no open port."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.agent_process import COMMAND, AgentProcess

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
IMPORTED = re.compile(r"import '([\w.]+)' #")
HEAVY = frozenset(
    {
        "boto3",
        "click",
        "cryptography",
        "email",
        "fastjsonschema",
        "http",
        "multiprocessing",
        "paho",
        "psutil",
        "rich",
        "ssl",
        "urllib.request",
    }
)
LISTENING = "0A"


def loaded(lines: list[str]) -> set[str]:
    """Heavy modules among those whose import Python told of."""
    names = {match[1] for line in lines if (match := IMPORTED.match(line))}
    assert "asyncio" in names or "click" in names
    return {heavy for heavy in HEAVY if any(f"{name}.".startswith(f"{heavy}.") for name in names)}


def listening_inodes(pid: int) -> set[str]:
    """Sockets of the process's network namespace that anybody could send to."""
    found = set()
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        table = Path(f"/proc/{pid}/net/{protocol}")
        for row in table.read_text().splitlines()[1:] if table.exists() else ():
            columns = row.split()
            if protocol.startswith("udp") or columns[3] == LISTENING:
                found.add(columns[9])
    return found


def socket_inodes(pid: int) -> set[str]:
    found = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.add(str(entry.readlink()))
    return {link[8:-1] for link in found if link.startswith("socket:[")}


def test_daemon_that_reports_has_loaded_nothing_heavy(agent: Start, config: Config) -> None:
    running = agent(config(), interpreter=["-v"])
    running.counted(accepted=2)

    assert running.end() == 0
    assert loaded(running.said) == set()


def test_heavy_modules_would_be_seen() -> None:
    judged = subprocess.run(  # noqa: S603  this program itself
        [sys.executable, "-v", *COMMAND[1:], "once", "--check", "--over", "0.1"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )

    assert {"click", "fastjsonschema"} <= loaded(judged.stderr.splitlines())


def test_daemon_listens_on_no_port(agent: Start, config: Config) -> None:
    running = agent(config())
    running.counted(accepted=2)

    assert socket_inodes(running.pid)
    assert socket_inodes(running.pid) & listening_inodes(running.pid) == set()
    # The sandbox in this very process does listen, in the same network.
    assert socket_inodes(os.getpid()) & listening_inodes(running.pid)
