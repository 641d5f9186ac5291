"""Sockets of root that everybody can reach."""

import pytest
from tests.audit.device.tree import Tree, told, undecided

from devicewarden.audit.device.listeners import Listener, RootListenerOnAllInterfaces

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
ANY4, ANY6, LOOPBACK4 = "00000000", "0" * 32, "0100007F"
LISTENS, RECEIVES, ESTABLISHED = "0A", "07", "01"


def line(address: str, port: int, state: str, uid: int = 0, inode: int = 1) -> str:
    remote = "0" * len(address)
    return (
        f"   0: {address}:{port:04X} {remote}:0000 {state} 00000000:00000000 00:00000000 00000000"
        f" {uid:5}        0 {inode} 1 0000000000000000 100 0 0 10 0\n"
    )


def host(tree: Tree, **tables: str) -> Tree:
    for table in ("tcp", "tcp6", "udp", "udp6"):
        tree.write(f"/proc/net/{table}", f"{HEAD}\n{tables.get(table, '')}")
    return tree


def process(tree: Tree, pid: int, name: str, uid: int, inode: int) -> None:
    status = f"Name:\t{name}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"
    tree.write(f"/proc/{pid}/status", status)
    tree.link(f"/proc/{pid}/fd/3", f"socket:[{inode}]")


@pytest.mark.parametrize(
    ("table", "entry", "found"),
    [
        pytest.param("tcp", line(ANY4, 22, LISTENS), "tcp/22", id="0.0.0.0"),
        pytest.param("tcp6", line(ANY6, 80, LISTENS), "tcp/80", id="::"),
        pytest.param("udp", line(ANY4, 161, RECEIVES), "udp/161", id="UDP"),
        pytest.param("tcp", line(LOOPBACK4, 22, LISTENS), "", id="loopback"),
        pytest.param("tcp", line("0A00A8C0", 22, LISTENS), "", id="one address"),
        pytest.param("tcp", line(ANY4, 22, LISTENS, uid=1000), "", id="a user's"),
        pytest.param("tcp", line(ANY4, 22, ESTABLISHED), "", id="a connection"),
        pytest.param("udp", line(ANY4, 40000, RECEIVES), "", id="UDP, ephemeral"),
        pytest.param("udp", line(ANY4, 68, RECEIVES), "", id="DHCP"),
        pytest.param("udp6", line(ANY6, 546, RECEIVES), "", id="DHCPv6"),
    ],
)
def test_only_what_root_has_open_to_all_does_not_comply(
    tree: Tree, table: str, entry: str, found: str
) -> None:
    host(tree, **{table: entry})

    expected = [(found, "ROOT_LISTENS_EVERYWHERE")] if found else []
    assert told(tree.audit(RootListenerOnAllInterfaces())) == expected


def test_a_socket_for_both_families_is_one_finding(tree: Tree) -> None:
    host(tree, tcp=line(ANY4, 22, LISTENS), tcp6=line(ANY6, 22, LISTENS, inode=2))

    assert len(told(tree.audit(RootListenerOnAllInterfaces()))) == 1


def test_the_program_is_named_where_it_can_be_seen(tree: Tree) -> None:
    host(tree, tcp=line(ANY4, 22, LISTENS, inode=77))
    process(tree, 400, "sshd", uid=0, inode=77)

    (finding,), _ = tree.audit(RootListenerOnAllInterfaces())

    assert finding.reason == "sshd listens on tcp port 22 of all interfaces, as root"
    assert finding.resource.info == {"program": "sshd"}


def test_a_service_that_gave_up_root_complies(tree: Tree) -> None:
    host(tree, tcp=line(ANY4, 80, LISTENS, inode=77))
    process(tree, 400, "nginx", uid=33, inode=77)

    assert told(tree.audit(RootListenerOnAllInterfaces())) == []


def test_a_socket_that_root_shares_with_a_worker_is_roots(tree: Tree) -> None:
    host(tree, tcp=line(ANY4, 80, LISTENS, inode=77))
    process(tree, 400, "worker", uid=33, inode=77)
    process(tree, 401, "master", uid=0, inode=77)

    (listener,) = tree.subjects(Listener)

    assert (listener.program, listener.uid) == ("master", 0)


def test_the_range_of_ephemeral_ports_is_the_hosts(tree: Tree) -> None:
    tree.write("/proc/sys/net/ipv4/ip_local_port_range", "50000\t60999\n")
    host(tree, udp=line(ANY4, 40000, RECEIVES))

    assert len(told(tree.audit(RootListenerOnAllInterfaces()))) == 1


def test_a_kernel_without_ipv6_has_no_such_table(tree: Tree) -> None:
    tree.write("/proc/net/tcp", f"{HEAD}\n{line(ANY4, 22, LISTENS)}")

    assert len(told(tree.audit(RootListenerOnAllInterfaces()))) == 1


@pytest.mark.parametrize("content", [None, "\n   0: nonsense\n", f"{HEAD}\n{ANY4}\n"])
def test_a_table_that_cannot_be_read_is_undecided(tree: Tree, content: str | None) -> None:
    if content is not None:
        tree.write("/proc/net/tcp", content)

    assert "/proc/net/tcp" in undecided(tree.audit(RootListenerOnAllInterfaces()))
