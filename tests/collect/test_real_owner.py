"""The owner of a real socket: exact for root, useful for everybody else."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devicewarden.collect.cgroups import mount_point
from devicewarden.collect.owner import Owners, open_owners
from devicewarden.collect.socket_makers import Transport
from devicewarden.model.metric import Listener
from devicewarden.model.owner import Owner

pytestmark = pytest.mark.e2e

ROOT = os.geteuid() == 0
NOBODY = 65534
PROGRAM = """
import os, socket, sys
kind, group = sys.argv[1:3]
if group:
    with open(group, "w") as file:
        file.write(str(os.getpid()))
made = socket.socket(socket.AF_INET, getattr(socket, kind))
made.bind(("127.0.0.1", 0))
if kind == "SOCK_STREAM":
    made.listen()
print(made.getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def running(kind: str = "SOCK_STREAM", group: str = "") -> Iterator[tuple[int, Listener]]:
    """Run a program that binds a socket; gives its pid and the socket."""
    argv = [sys.executable, "-c", PROGRAM, kind, group, "--password", "hunter2"]
    with subprocess.Popen(  # noqa: S603 -- our own program
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        yield program.pid, Listener("127.0.0.1", int(program.stdout.readline()), "lo")


@contextmanager
def unprivileged() -> Iterator[None]:
    """Be nobody, with no capability, for a while."""
    uid = os.geteuid()
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(uid)


@pytest.fixture
def owners() -> Owners:
    return open_owners([r"password \S+"])


@pytest.fixture
def unit() -> Iterator[Path]:
    """A cgroup that looks like a unit."""
    tree = mount_point()
    if not ROOT or tree is None:
        pytest.skip("cgroups are made by root, where version 2 is mounted")
    folder = tree / "devicewarden-test.service"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made: {error}")
    yield folder
    folder.rmdir()


@pytest.mark.parametrize(("kind", "transport"), [("SOCK_STREAM", "tcp"), ("SOCK_DGRAM", "udp")])
def test_the_owner_of_a_new_listener_is_exact_where_descriptors_are_shown(
    owners: Owners, kind: str, transport: Transport
) -> None:
    with running(kind) as (pid, listener):
        owner = owners.of_listener(listener, transport)

    assert owner is not None
    assert (owner.pid, owner.exact, owner.uid) == (pid, True, os.geteuid())
    assert owner.programs[0].startswith("python")
    assert owner.command_line is not None
    assert "hunter2" not in owner.command_line
    assert owner.command_line.endswith("--***")


def test_after_the_listener_closed_it_has_no_owner(owners: Owners) -> None:
    with running() as (_, listener):
        pass

    assert owners.of_listener(listener, "tcp") is None


def test_the_owner_of_a_connection_is_found_by_its_remote_address(owners: Owners) -> None:
    with (
        socket.create_server(("127.81.0.1", 0)) as server,
        socket.create_connection(server.getsockname()),
    ):
        owner = owners.of_remote("127.81.0.1")

    assert owner is not None
    assert (owner.pid, owner.exact) == (os.getpid(), True)


def test_without_privilege_the_unit_and_its_program_are_found(owners: Owners, unit: Path) -> None:
    with running(group=str(unit / "cgroup.procs")) as (pid, listener), unprivileged():
        owner = owners.of_listener(listener, "tcp")

    assert owner is not None
    assert owner == Owner(
        uid=0,
        user="root",
        unit="devicewarden-test.service",
        pid=pid,
        programs=owner.programs,
        command_line=owner.command_line,
        exact=False,
    )
    assert owner.programs[0].startswith("python")


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_without_privilege_the_user_is_found(owners: Owners) -> None:
    with running() as (_, listener), unprivileged():
        owner = owners.of_listener(listener, "tcp")

    assert owner is not None
    assert (owner.uid, owner.user, owner.exact) == (0, "root", False)
