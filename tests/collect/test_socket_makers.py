"""What the kernel knows of whoever made a socket."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.recorded import PROC, Replies, dumps

from devicewarden.collect.socket_filter import local_end, remote_address
from devicewarden.collect.socket_makers import Maker, NetlinkMakers, ProcMakers, makers, parse
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Listener

WEB = Listener("127.0.0.1", 5432, "lo")


def record(*, inode: int, uid: int, rest: bytes = b"") -> bytes:
    """One record as the kernel lays it out, attributes last."""
    header = struct.pack("=IHHII", 88 + len(rest), 20, 2, 1, 7)
    return header + bytes(64) + struct.pack("=II", uid, inode) + rest


def test_inode_user_and_cgroup_come_with_the_socket() -> None:
    cgroup = struct.pack("=HHQ", 12, 21, 4711)
    runs = [record(inode=5, uid=1000, rest=struct.pack("=HHB3x", 5, 8, 0) + cgroup)]

    assert list(makers(runs)) == [Maker(inode=5, uid=1000, cgroup=4711)]


def test_a_socket_that_nobody_holds_shows_no_user_rather_than_root() -> None:
    assert list(makers([record(inode=0, uid=0)])) == [Maker(inode=0, uid=None, cgroup=None)]


def test_only_time_wait_and_orphans_have_no_cgroup_in_the_recording() -> None:
    found = [each for runs in dumps("every_state") for each in makers(runs)]

    assert {each.inode for each in found if each.cgroup is None} == {0}
    assert len(found) == 22


def test_a_listener_is_asked_for_by_its_local_end_in_both_families() -> None:
    netlink = Replies([])

    assert list(NetlinkMakers(netlink).of_listener(WEB, "udp")) == []

    assert [asked[16:18] for asked in netlink.requests] == [b"\x02\x11", b"\x0a\x11"]
    assert all(asked.endswith(local_end("127.0.0.1", 5432)) for asked in netlink.requests)
    assert netlink.closed == 1


def test_a_peer_is_asked_for_by_its_address() -> None:
    netlink = Replies([])

    assert list(NetlinkMakers(netlink).of_remote("192.0.2.9")) == []

    assert all(asked.endswith(remote_address("192.0.2.9")) for asked in netlink.requests)


@given(st.binary(max_size=200))
def test_any_bytes_give_makers_or_an_error(run: bytes) -> None:
    try:
        found = list(makers([run]))
    except CollectError:
        return

    assert all(each.uid is None or each.inode for each in found)


@given(st.binary(max_size=64))
def test_any_attributes_give_a_maker_or_an_error(rest: bytes) -> None:
    padded = rest + bytes(-len(rest) % 4)
    try:
        found = list(makers([record(inode=5, uid=6, rest=padded)]))
    except CollectError:
        return

    assert [each[:2] for each in found] == [(5, 6)]


def test_a_short_record_is_an_error() -> None:
    with pytest.raises(CollectError, match="malformed socket record of 84 bytes"):
        list(makers([struct.pack("=IHHII", 84, 20, 2, 1, 7) + bytes(68)]))


def test_from_proc_a_listener_is_found_by_its_address_and_port() -> None:
    found = ProcMakers(PROC)

    assert list(found.of_listener(WEB, "tcp")) == [Maker(528153, 0, None)]
    assert list(found.of_listener(Listener("127.0.0.53", 53, "lo"), "udp")) == [
        Maker(528166, 0, None)
    ]
    assert list(found.of_listener(Listener("127.0.0.1", 8080, "lo"), "tcp")) == []


def test_from_proc_twins_are_two() -> None:
    assert len(list(ProcMakers(PROC).of_listener(Listener("0.0.0.0", 5000, None), "tcp"))) == 2


def test_from_proc_every_socket_to_a_peer_is_found() -> None:
    found = list(ProcMakers(PROC).of_remote("192.0.2.1"))

    assert sorted(found) == [Maker(0, None, None), Maker(528175, 0, None)]


@pytest.mark.parametrize("line", [b"0: a b\n", b"0: a b 0A c d e many 0 5\n"], ids=["cut", "word"])
def test_a_malformed_line_is_an_error(line: bytes) -> None:
    with pytest.raises(CollectError, match="malformed line"):
        list(parse([b"heading\n", line], frozenset({b"0A"})))
