"""Who owns a socket: exact where descriptors are shown, and useful where they are not."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.collect.small_host import Shown, add_cgroup, add_process

from devicewarden.collect.cgroups import Cgroups
from devicewarden.collect.owner import Owners, open_owners
from devicewarden.collect.socket_makers import Maker, Transport
from devicewarden.model.errors import CollectError, ConfigError
from devicewarden.model.metric import Listener
from devicewarden.model.owner import Owner

WEB = Listener("0.0.0.0", 8080, None)
OURS = os.geteuid()
OTHER = 54321
INODE = 900


class Kernel:
    """Knows the makers of every socket that is asked for."""

    def __init__(self, *known: Maker, refuses: bool = False) -> None:
        self.known = known
        self.refuses = refuses

    def of_listener(self, listener: Listener, transport: Transport) -> Iterable[Maker]:
        assert (listener, transport) == (WEB, "tcp")
        return self.of_remote("")

    def of_remote(self, address: str) -> Iterable[Maker]:
        del address
        if self.refuses:
            raise CollectError("no module")
        return self.known


class Hoarders(Shown):
    """Every process has a thousand descriptors open, none of them the right one."""

    def holds(self, pid: int, inode: int, most: int) -> tuple[bool, int]:
        return super().holds(pid, inode, most)[0], min(most, 1000)


class Host:
    """Processes and cgroups made of files."""

    def __init__(self, folder: Path) -> None:
        self.proc, self.cgroup = folder / "proc", folder / "cgroup"
        self.proc.mkdir()
        self.cgroup.mkdir()
        self.users: dict[int, int] = {}
        self.looked_into: list[int] = []

    def run(self, pid: int, uid: int, *sockets: int, name: str = "prog", unit: str = "") -> None:
        add_process(
            self.proc,
            pid,
            name=f"{name}\n".encode(),
            command_line=f"/usr/bin/{name}\0".encode(),
            executable=None,
            cgroup=f"0::{unit or '/'}\n",
            sockets=sockets,
        )
        self.users[pid] = uid

    def group(self, path: str, *pids: int) -> int:
        return add_cgroup(self.cgroup, path, *pids)

    def owner(self, *makers: Maker, privileged: bool = True) -> Owner | None:
        shown = Shown(self.proc, self.users, privileged=privileged)
        owners = Owners([Kernel(*makers)], Cgroups(self.cgroup), shown)
        self.looked_into = shown.looked_into
        return owners.of_listener(WEB, "tcp")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_process_that_holds_the_socket_is_the_owner(host: Host) -> None:
    unit = "/system.slice/web.service"
    host.run(70, 0, INODE, name="web", unit=unit)
    host.run(71, 0, 901)
    cgroup = host.group(unit, 70)

    assert host.owner(Maker(INODE, 0, cgroup)) == Owner(
        uid=0,
        user="root",
        unit="web.service",
        pid=70,
        programs=("web",),
        command_line="/usr/bin/web",
        exact=True,
    )


def test_nobody_else_is_looked_into_where_the_cgroup_has_the_holder(host: Host) -> None:
    for pid in range(100, 200):
        host.run(pid, 0)
    host.run(70, 0, INODE)
    cgroup = host.group("/a.service", 70)

    host.owner(Maker(INODE, 0, cgroup))

    assert host.looked_into == [70]


def test_processes_of_the_same_user_come_first_and_of_these_the_newest(host: Host) -> None:
    for pid in (101, 103, 105):
        host.run(pid, OTHER)
    host.run(100, 0, INODE)
    host.run(102, 0)
    host.run(104, 0)

    host.owner(Maker(INODE, 0, None))

    assert host.looked_into == [104, 102, 100]


def test_a_process_that_changed_its_user_is_found_as_well(host: Host) -> None:
    host.run(70, OTHER, INODE, name="web")
    cgroup = host.group("/system.slice/web.service", 70)

    found = host.owner(Maker(INODE, 0, cgroup))

    assert found is not None
    assert (found.pid, found.exact) == (70, True)


def test_a_service_is_told_rather_than_systemd_which_made_its_socket(host: Host) -> None:
    unit = "/system.slice/web.service"
    host.run(1, 0, INODE, name="systemd", unit="/init.scope")
    host.run(70, OTHER, INODE, name="web", unit=unit)
    made_in = host.group("/init.scope", 1)

    found = host.owner(Maker(INODE, 0, made_in))

    assert found is not None
    assert (found.pid, found.unit) == (70, "web.service")


def test_systemd_is_told_where_nobody_else_holds_the_socket_yet(host: Host) -> None:
    host.run(1, 0, INODE, name="systemd", unit="/init.scope")
    host.run(70, 0)

    found = host.owner(Maker(INODE, 0, host.group("/init.scope", 1)))

    assert found is not None
    assert (found.pid, found.unit, found.exact) == (1, "init.scope", True)


def test_without_privilege_unit_and_its_only_program_are_told(host: Host) -> None:
    host.run(70, OTHER, INODE, name="web")
    cgroup = host.group("/system.slice/web.service", 70)

    assert host.owner(Maker(INODE, OTHER, cgroup), privileged=False) == Owner(
        uid=OTHER,
        user=None,
        unit="web.service",
        pid=70,
        programs=("web",),
        command_line="/usr/bin/web",
        exact=False,
    )


def test_without_privilege_only_our_own_sockets_are_searched_for(host: Host) -> None:
    host.run(70, 0, INODE)
    cgroup = host.group("/system.slice/web.service", 70)

    host.owner(Maker(INODE, OURS + 1, cgroup), privileged=False)
    others = host.looked_into
    host.owner(Maker(INODE, OURS, cgroup), privileged=False)

    assert (others, host.looked_into[:1]) == ([], [70])


def test_of_several_processes_those_of_the_maker_are_likely(host: Host) -> None:
    host.run(70, 0, name="master")
    host.run(71, OTHER, name="worker")
    host.run(72, OTHER, name="logger")
    cgroup = host.group("/system.slice/web.service", 70, 71, 72)

    found = host.owner(Maker(INODE, OTHER, cgroup), privileged=False)

    assert found is not None
    assert (found.pid, found.programs) == (None, ("logger", "worker"))
    assert found.command_line is None


def test_without_units_the_processes_of_the_same_user_are_likely(host: Host) -> None:
    host.run(70, OTHER, name="web")
    host.run(71, OTHER + 1, name="else")
    root = host.group("/", 70, 71)

    found = host.owner(Maker(INODE, OTHER, root), privileged=False)

    assert found is not None
    assert (found.unit, found.programs) == (None, ("web",))


def test_without_units_root_may_be_anybody(host: Host) -> None:
    host.run(70, OURS + 1, name="web")
    root = host.group("/", 70)

    assert host.owner(Maker(0, None, root)) == Owner()


def test_hidden_processes_leave_user_and_unit(host: Host) -> None:
    cgroup = host.group(f"/system.slice/docker-{'ab' * 32}.scope", 70)

    assert host.owner(Maker(INODE, OTHER, cgroup), privileged=False) == Owner(
        uid=OTHER, unit=f"docker-{'ab' * 32}.scope", container="abababababab"
    )


def test_a_connection_that_nobody_accepted_has_a_unit_and_no_user(host: Host) -> None:
    host.run(70, 0, name="web")

    found = host.owner(Maker(0, None, host.group("/system.slice/web.service", 70)))

    assert found is not None
    assert (found.uid, found.unit, found.programs) == (None, "web.service", ("web",))
    assert host.looked_into == []


@pytest.mark.parametrize("makers", [[], [Maker(0, None, None)]], ids=["gone", "time-wait"])
def test_a_socket_that_is_nobodys_has_no_owner(host: Host, makers: list[Maker]) -> None:
    assert host.owner(*makers) is None


def test_of_twins_the_younger_is_told(host: Host) -> None:
    host.run(70, 0, INODE)
    host.run(71, 0, INODE + 1)

    found = host.owner(Maker(INODE + 1, 0, None), Maker(INODE, 0, None), Maker(0, None, 5))

    assert found is not None
    assert found.pid == 71


def test_a_search_ends_whatever_a_hostile_program_opens(host: Host) -> None:
    for pid in range(70, 200):
        host.run(pid, 0)
    shown = Hoarders(host.proc, host.users)
    owners = Owners([Kernel(Maker(INODE, 0, None))], Cgroups(host.cgroup), shown)

    found = owners.of_listener(WEB, "tcp")

    assert found is not None
    assert found.exact is False
    assert len(shown.looked_into) == 20


def test_where_netlink_refuses_the_next_source_is_asked(host: Host) -> None:
    host.run(70, 0, INODE)
    sources = [Kernel(refuses=True), Kernel(Maker(INODE, 0, None))]
    owners = Owners(sources, Cgroups(host.cgroup), Shown(host.proc, host.users))

    found = owners.of_remote("192.0.2.9")

    assert found is not None
    assert found.pid == 70


def test_where_every_source_refuses_nobody_is_told(host: Host) -> None:
    shown = Shown(host.proc, host.users)
    owners = Owners([Kernel(refuses=True)], Cgroups(host.cgroup), shown)

    assert owners.of_remote("192.0.2.9") is None


def test_a_bad_pattern_is_an_error_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match=r"detect.redact: '\(' is no regular expression"):
        open_owners(["("])
