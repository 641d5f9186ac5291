"""What the reports say went over the network, in a network namespace where nobody else speaks."""

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.agent_process import AgentProcess

from devicewarden.sandbox.sandbox import Sandbox

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("own_network")]
CLONE_NEWNET = 0x40000000
FRAME = bytes(1000)
NAMES = ("bytes_in", "bytes_out", "packets_in", "packets_out")


@pytest.fixture
def own_network() -> Iterator[None]:
    """Move this thread, and all that it starts, into a network with `lo`, v0 and v1."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as home:
        if libc.unshare(CLONE_NEWNET):
            pytest.skip(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        try:
            for arguments in (
                "link set lo up",
                "link add v0 type veth peer name v1",
                # Without addresses the kernel says nothing of its own.
                "link set v0 addrgenmode none up",
                "link set v1 addrgenmode none up",
            ):
                subprocess.run(["ip", *arguments.split()], check=True)  # noqa: S603, S607  our argv
            yield
        finally:
            assert libc.setns(home.fileno(), CLONE_NEWNET) == 0


def send(frames: int) -> None:
    """Send so many frames: they go out at v0, and come in at v1."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind(("v0", 0))
        for _ in range(frames):
            wire.send(FRAME)


def carried(sandbox: Sandbox, agent: AgentProcess) -> list[int]:
    """Add up the traffic of the reports that the agent knows to be accepted."""
    told = [*agent.events("report_ended"), *agent.events("late_reply_received")]
    accepted = {event["report_id"] for event in told if event["outcome"] == "accepted"}
    total = [0, 0, 0, 0]
    for received in sandbox.received:
        if received.document["header"]["report_id"] in accepted:
            stats = received.document["metrics"].get("network_stats", {})
            total = [sum_ + stats.get(name, 0) for sum_, name in zip(total, NAMES, strict=True)]
    return total


def test_traffic_of_reports_that_failed_is_carried_over_and_none_is_told_twice(
    sandbox: Sandbox, agent: Callable[..., AgentProcess], config: Callable[..., Path]
) -> None:
    send(7)
    # A late reply comes before the next report.
    running = agent(config({"report": {"interval_s": 3}}))
    running.counted(accepted=1)

    sandbox.fault("reject", 1)
    send(10)
    running.counted(rejected=1)
    sandbox.fault("silence", 1)
    send(20)
    running.counted(no_reply=1)
    sandbox.fault("late", 1)
    send(30)
    running.event("late_reply_received", outcome="accepted")
    sandbox.fault("normal")
    sandbox.fault("refuse-connections")
    sandbox.fault("drop")
    send(40)
    running.counted(missed=1)
    sandbox.fault("normal")
    running.accepts(1)
    running.end()

    assert carried(sandbox, running) == [100 * len(FRAME), 100 * len(FRAME), 100, 100]


def test_first_report_tells_nothing_of_the_traffic_before_it(
    sandbox: Sandbox, agent: Callable[..., AgentProcess], config: Callable[..., Path]
) -> None:
    send(7)
    running = agent(config())

    running.counted(accepted=2)

    first, second = (received.document["metrics"] for received in sandbox.received[:2])
    assert "network_stats" not in first
    assert second["network_stats"] == dict.fromkeys(NAMES, 0)
    assert running.status()["sample"]["traffic_since_start"] == dict.fromkeys(NAMES, 0)


def test_agent_waits_for_a_network_that_is_not_there_at_its_start(
    sandbox: Sandbox, agent: Callable[..., AgentProcess], config: Callable[..., Path]
) -> None:
    file = config({"publish": {"endpoint": "broker.invalid"}})
    running = agent(file)
    status = running.until(lambda status: bool(status["connection"]["last_error"]))

    running.reload(file.read_text().replace("broker.invalid", "localhost"))

    assert "name servers" in status["connection"]["hint"]
    running.counted(accepted=1)
    assert len(sandbox.received) >= 1
