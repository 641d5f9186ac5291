"""What the running daemon holds: no heavy module, no open port."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.e2e.agent_process import COMMAND, AgentProcess

from devicewarden.cli.control_client import ask
from devicewarden.model.errors import AgentError
from devicewarden.sandbox.agent_config import Section

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
IMPORTED = re.compile(r"import '([\w.]+)' #")
HEAVY = frozenset(
    {
        "awsiot",
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
OFF = frozenset(
    {
        "devicewarden.aws",
        "devicewarden.cli.audit_child",
        "devicewarden.cli.key_process",
        "devicewarden.collect.custom_commands",
        "devicewarden.collect.custom_files",
        "devicewarden.collect.destinations",
        "devicewarden.daemon.action_jobs",
        "devicewarden.daemon.errands",
        "devicewarden.daemon.mitigating",
        "devicewarden.daemon.operations",
        "devicewarden.daemon.renewing",
        "devicewarden.daemon.rotation",
        "devicewarden.daemon.working",
        "devicewarden.detect.machine_learning",
        "devicewarden.identity",
        "devicewarden.mitigate",
        "devicewarden.model.action",
        "devicewarden.model.job",
        "devicewarden.model.strict_cbor",
        "devicewarden.notify.child",
        "devicewarden.publish.job_channel",
        "devicewarden.publish.provisioning",
        "devicewarden.state.identity_folder",
        "devicewarden.state.job_memory",
    }
)
"""Ours that serve what is off by default: together as much as all of Detect."""

PLAIN: Mapping[str, Section] = {"provisioning": {"template": ""}}
"""The sandbox would offer to rotate certificates."""

RARE = ("jobs", "identity", "mitigation")
LISTENING = "0A"


def loaded(lines: list[str], unwanted: frozenset[str] = HEAVY | OFF) -> set[str]:
    """Modules that the daemon should do without, among those whose import Python told of."""
    names = {match[1] for line in lines if (match := IMPORTED.match(line))}
    assert "asyncio" in names or "click" in names
    return {each for each in unwanted if any(f"{name}.".startswith(f"{each}.") for name in names)}


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
    running = agent(config(PLAIN), interpreter=["-v"])
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


def test_modules_that_are_off_exist() -> None:
    assert [name for name in sorted(OFF) if find_spec(name) is None] == []


def test_status_tells_the_same_of_what_is_off_once_it_is_loaded(
    agent: Start, config: Config
) -> None:
    running = agent(config(PLAIN))
    before = running.connected()

    with pytest.raises(AgentError, match=r"provisioning\.template"):
        ask(running.socket, "rotate")

    after = running.status()
    assert [after[name] for name in RARE] == [before[name] for name in RARE]


def test_daemon_listens_on_no_port(agent: Start, config: Config) -> None:
    running = agent(config())
    running.counted(accepted=2)

    assert socket_inodes(running.pid)
    assert socket_inodes(running.pid) & listening_inodes(running.pid) == set()
    # The sandbox in this very process does listen, in the same network.
    assert socket_inodes(os.getpid()) & listening_inodes(running.pid)
