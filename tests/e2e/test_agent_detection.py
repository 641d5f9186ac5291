"""Detect end to end: what this host does, and which messages reach the broker."""

import os
import pwd
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.e2e.agent_process import DEADLINE_S, POLL_S, AgentProcess, Status
from tests.e2e.alarms import (
    ALLOWED,
    FIRST_PORT,
    FORBIDDEN,
    HOST,
    PORTS,
    PROFILE,
    Violations,
    forbids_port,
    listen,
    profile,
    restricts_destinations,
)

from devicewarden.collect.destroy_events import BUFFER_BYTES, TCP_GROUPS, DestroyEvents
from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
CONNECTIONS = 1000
# What the kernel charges for one closed socket.
EVENT_BYTES = 1280
# Each address has its own ports to connect from, however many connections it takes.
HOSTS = [f"127.99.0.{n}" for n in range(1, 9)]
NOBODY = 65534
NO_CAPABILITY = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


@pytest.fixture
def acceptor() -> Iterator[int]:
    """A port of every loopback address where connections are taken and closed; gives its number."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("0.0.0.0", 0), backlog=1024))

        def accept() -> None:
            while connection := server.accept()[0]:
                # The first byte asks for the end of it all.
                if connection.recv(1):
                    connection.close()
                    return
                connection.close()

        port: int = server.getsockname()[1]
        thread = threading.Thread(target=accept)
        thread.start()
        yield port
        with socket.create_connection(("127.0.0.1", port), timeout=10) as last:
            last.sendall(b"!")
        thread.join()


def watching(agent: AgentProcess) -> AgentProcess:
    """Wait until the agent has looked once: what comes after that is new to it."""
    agent.until(lambda status: status["sample"] is not None)
    return agent


def in_alarm(status: Status) -> list[str]:
    return [active["behavior"]["name"] for active in status["detection"]["active"]]


def test_first_sample_after_a_forbidden_port_opened_raises_the_alarm(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    running = watching(agent(config()))

    with listen():
        opened_at = datetime.now(UTC)
        status = running.until(
            lambda status: datetime.fromisoformat(status["sample"]["taken_at"]) > opened_at
        )

    assert in_alarm(status) == [f"port-{FIRST_PORT}"]


def test_forbidden_port_is_told_with_its_owner_and_so_is_its_end(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    violations = Violations(sandbox)
    watching(agent(config()))

    with listen():
        alarm = violations.next()
    end = violations.next()

    assert (alarm.kind, end.kind) == ("in-alarm", "alarm-cleared")
    assert alarm.violation_id == end.violation_id
    assert alarm.topic == "devicewarden/edge-1/violations"
    assert alarm.document["securityProfileName"] == PROFILE
    assert FIRST_PORT in alarm.document["metricValue"]["ports"]
    assert FIRST_PORT not in end.document["metricValue"]["ports"]
    (owner,) = alarm.document["context"]["owners"]
    assert (owner["port"], owner["listens_on"]) == (FIRST_PORT, HOST)
    assert (owner["pid"], owner["uid"], owner["exact"]) == (os.getpid(), os.getuid(), True)
    assert owner["programs"] == [Path("/proc/self/exe").resolve().name]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a socket to somebody else")
def test_agent_without_any_capability_tells_the_user_of_a_foreign_port(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    violations = Violations(sandbox)
    running = watching(agent(config(), prefix=NO_CAPABILITY))

    with listen() as port:
        os.fchown(port.fileno(), NOBODY, NOBODY)
        alarm = violations.next()

    (owner,) = alarm.document["context"]["owners"]
    assert (owner["uid"], owner["user"]) == (NOBODY, pwd.getpwuid(NOBODY).pw_name)
    assert not owner["exact"]
    assert violations.next().kind == "alarm-cleared"
    assert running.end() == 0


def test_every_one_of_a_hundred_listeners_too_short_for_a_sample_is_told(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    sandbox.write_profile("edge-1", profile(*map(forbids_port, PORTS)))
    violations = Violations(sandbox)
    watching(agent(config()))

    for port in PORTS:
        with listen(port):
            pass

    told = violations.take(2 * len(PORTS))
    raised = sorted(each.document["behavior"]["name"] for each in told if each.kind == "in-alarm")
    assert raised == sorted(f"port-{port}" for port in PORTS)
    assert len(violations.ids) == len(PORTS)


@pytest.mark.parametrize(
    ("operator", "cidrs"),
    [("in-cidr-set", ALLOWED), ("not-in-cidr-set", [str(FORBIDDEN)])],
    ids=["outside the allowed", "inside the denied"],
)
def test_destination_that_is_not_allowed_is_told(
    sandbox: Sandbox,
    agent: Start,
    config: Config,
    acceptor: int,
    operator: str,
    cidrs: list[str],
) -> None:
    behavior = restricts_destinations("stays-home", operator, cidrs)
    sandbox.write_profile("edge-1", profile(behavior))
    violations = Violations(sandbox)
    watching(agent(config()))

    with socket.create_connection((str(FORBIDDEN[7]), acceptor), timeout=10):
        alarm = violations.next()

    assert alarm.kind == "in-alarm"
    assert alarm.document["context"]["offending"] == [str(FORBIDDEN[7])]
    assert violations.next().kind == "alarm-cleared"


def test_every_tenth_of_a_thousand_short_connections_is_told_where_it_is_forbidden(
    sandbox: Sandbox, agent: Start, config: Config, acceptor: int
) -> None:
    forbidden = [str(FORBIDDEN[n]) for n in range(1, CONNECTIONS, CONNECTIONS // 100)]
    behaviors = [
        restricts_destinations(address.replace(".", "-"), "not-in-cidr-set", [f"{address}/32"])
        for address in forbidden
    ]
    sandbox.write_profile("edge-1", profile(*behaviors))
    violations = Violations(sandbox)
    watching(agent(config()))

    for n in range(1, CONNECTIONS + 1):
        socket.create_connection((str(FORBIDDEN[n]), acceptor), timeout=10).close()

    told = violations.take(2 * len(forbidden))
    raised = {each.document["context"]["offending"][0] for each in told if each.kind == "in-alarm"}
    assert raised == set(forbidden)
    assert len(violations.ids) == len(forbidden)


def test_connections_that_found_no_room_in_the_kernel_are_counted(
    sandbox: Sandbox, agent: Start, config: Config, acceptor: int
) -> None:
    # Without a capability there is room for so many; each connection closes two sockets.
    granted_bytes = int(Path("/proc/sys/net/core/rmem_max").read_text())
    room = 2 * min(granted_bytes, BUFFER_BYTES) // EVENT_BYTES
    restricted = restricts_destinations("stays-home", "in-cidr-set", ALLOWED)
    sandbox.write_profile("edge-1", profile(restricted))
    running = watching(agent(config(), prefix=NO_CAPABILITY))
    assert running.status()["detection"]["sockets_missed"] == 0

    with closing(DestroyEvents(TCP_GROUPS)) as witness:
        told_by(witness)
        running.send(signal.SIGSTOP)
        for n in range(2 * room):
            socket.create_connection((HOSTS[n % len(HOSTS)], acceptor), timeout=10).close()
        # The kernel tells from a queue, later: an agent that goes on too early finds room again.
        wait_until_told(witness, 3 * room)
        running.send(signal.SIGCONT)

    running.until(lambda status: status["detection"]["sockets_missed"] > room)


def told_by(witness: DestroyEvents) -> int:
    """Count what the kernel told since the last call, or had no room for."""
    return sum(1 for _ in witness.waiting()) + witness.lost()


def wait_until_told(witness: DestroyEvents, number: int) -> None:
    deadline, told = time.monotonic() + DEADLINE_S, 0
    while (told := told + told_by(witness)) < number:
        assert time.monotonic() < deadline, f"the kernel told of {told} sockets alone"
        threading.Event().wait(POLL_S)
