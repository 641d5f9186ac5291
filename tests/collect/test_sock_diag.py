"""What the kernel lists over netlink: exact rows from recorded replies, and no trust in any."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect import recorded
from tests.collect.recorded import Replies, dumps, names

from devicewarden.collect.interfaces import InterfaceNames
from devicewarden.collect.sock_diag import (
    ESTABLISHED,
    LISTEN,
    UDP_UNCONNECTED,
    SockDiagSource,
    connections,
    family_requests,
    listeners,
    rows,
    tcp_requests,
    walk,
)
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Listener


def record(*, port: int = 80, remote_port: int = 0, family: int = 2, length: int = 88) -> bytes:
    """One record as the kernel lays it out."""
    head = struct.pack("=IHHII", length, 20, 2, 1, 7)
    body = struct.pack(
        ">BBBBHH16s16sI8s20s", family, 10, 0, 0, port, remote_port, *[b""] * 2, 0, *[b""] * 2
    )
    return head + body + bytes(length - len(head + body))


def silent() -> InterfaceNames:
    return InterfaceNames(Replies([]))


def test_listening_tcp_sockets_are_those_in_the_state_listen() -> None:
    source = SockDiagSource(names(), Replies(*dumps("listening_tcp")))

    assert source.listening_tcp() == recorded.TCP | {recorded.ON_DEVICE}


def test_two_requests_by_family_give_what_one_older_request_gives() -> None:
    netlink = Replies(*dumps("listening_tcp_by_family"))
    source = SockDiagSource(names(), netlink, compat=False)

    assert source.listening_tcp() == recorded.TCP | {recorded.ON_DEVICE}
    assert len(netlink.requests) == 2


def test_listening_udp_sockets_have_a_port_and_no_peer() -> None:
    source = SockDiagSource(names(), Replies(*dumps("listening_udp")))

    assert source.listening_udp() == recorded.UDP


def test_established_connections_are_in_that_state_alone_and_mapped_addresses_are_ipv4() -> None:
    source = SockDiagSource(names(), Replies(*dumps("established")))

    assert source.established() == recorded.ESTABLISHED


def test_twins_are_one_listener() -> None:
    rows_of_5000 = [row for row in rows(*dumps("listening_tcp")) if row[1] == 5000]
    source = SockDiagSource(names(), Replies(*dumps("listening_tcp")))

    assert len(rows_of_5000) == 2
    assert [each.port for each in source.listening_tcp()].count(5000) == 1


def test_listeners_are_asked_for_by_the_exact_state() -> None:
    # LISTEN and CLOSE together make the kernel walk all connections.
    states = [struct.unpack_from("=I", asked, 68)[0] for asked in tcp_requests(LISTEN)]

    assert states == [1 << 10]
    assert [asked[16:24] for asked in family_requests(6, LISTEN)] == [
        bytes([2, 6, 0, 0]) + struct.pack("=I", 1 << 10),
        bytes([10, 6, 0, 0]) + struct.pack("=I", 1 << 10),
    ]
    assert ESTABLISHED == 1 << 1
    assert UDP_UNCONNECTED == 1 << 7


def test_records_of_different_lengths_are_walked() -> None:
    runs = dumps("every_state")[0]

    found = list(rows(runs))

    assert {port for _, port, *_ in found} >= {40001, 40005, 40006, 8080, 22}
    assert found == [row for run in runs for row in walk(run)]


def test_records_of_different_lengths_are_walked_even_if_the_first_length_divides_all() -> None:
    run = record(port=1, length=88) + record(port=2, length=132) + record(port=3, length=132)
    assert len(run) % 88 == 0

    assert [each.port for each in listeners([run], silent())] == [1, 2, 3]


def test_records_of_one_length_give_the_same_either_way() -> None:
    runs = dumps("established")[0]

    assert list(rows(runs)) == [row for run in runs for row in walk(run)]


def test_rows_without_a_port_are_left_out() -> None:
    assert list(listeners([record(port=0)], silent())) == []
    assert list(connections([record(port=0, remote_port=80)], silent())) == []
    assert list(connections([record(port=80, remote_port=0)], silent())) == []


def test_a_reply_that_did_not_change_is_not_taken_apart_again() -> None:
    source = SockDiagSource(
        silent(), Replies([record(port=80)], [record(port=80)], [record(port=81)])
    )

    first, second, third = (source.listening_tcp() for _ in range(3))

    assert first is second
    assert [each.port for each in third] == [81]


def test_an_interface_that_gets_the_address_later_is_named_though_no_socket_changed() -> None:
    now_s = [0.0]
    addresses = Replies([], *dumps("addresses"))
    interfaces = InterfaceNames(addresses, {3: "v0", 1: "lo"}.get, lambda: now_s[0])
    source = SockDiagSource(interfaces, Replies(*dumps("listening_tcp")))

    before = source.listening_tcp()
    now_s[0] = 100

    assert Listener("192.0.2.1", 443, None) in before
    assert Listener("192.0.2.1", 443, "v0") in source.listening_tcp()


def test_an_unknown_family_is_an_error() -> None:
    with pytest.raises(CollectError, match="address family 99"):
        list(listeners([record(family=99)], silent()))


def test_a_record_that_is_too_short_is_an_error() -> None:
    with pytest.raises(CollectError, match="malformed socket record of 20 bytes"):
        list(rows([struct.pack("=IHHII4x", 20, 20, 2, 1, 7)]))


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=3))
def test_any_bytes_give_rows_or_an_error(runs: list[bytes]) -> None:
    for read in (listeners, connections):
        try:
            found = list(read(runs, silent()))
        except CollectError:
            continue
        assert len(found) * 60 <= sum(map(len, runs))


@given(st.data())
def test_a_damaged_reply_gives_rows_or_an_error(data: st.DataObject) -> None:
    damaged = bytearray(dumps("listening_tcp")[0][0])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])

    try:
        found = list(listeners([cut], silent()))
    except CollectError:
        return

    assert all(0 < listener.port < 65536 for listener in found)
