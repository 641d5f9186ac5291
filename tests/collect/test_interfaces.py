"""Interface names by address and by index."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.recorded import Replies, dumps

from devicewarden.collect.interfaces import InterfaceNames, index_name, parse
from devicewarden.model.errors import CollectError

INDEX = {1: "lo", 2: "v1", 3: "v0"}
ADDRESSES = dumps("addresses")[0]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_addresses_belong_to_their_interfaces() -> None:
    names = InterfaceNames(Replies(ADDRESSES), INDEX.get)

    assert names.name_of("192.0.2.1") == "v0"
    assert names.name_of("2001:db8::1") == "v0"
    assert names.name_of("::1") == "lo"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.53", "127.255.255.254"])
def test_all_of_127_is_loopback(address: str) -> None:
    assert InterfaceNames(Replies(ADDRESSES), INDEX.get).name_of(address) == "lo"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "198.51.100.7"])
def test_wildcards_and_foreign_addresses_have_no_interface(address: str) -> None:
    assert InterfaceNames(Replies(ADDRESSES), INDEX.get).name_of(address) is None


def test_an_address_of_two_interfaces_belongs_to_none() -> None:
    run = ADDRESSES[0]
    twice = [run, run.replace(b"\x02\x08\x80\xfe\x01\0\0\0", b"\x02\x08\x80\xfe\x02\0\0\0")]

    assert parse([run], INDEX.get)["127.0.0.1"] == "lo"
    assert parse(twice, INDEX.get)["127.0.0.1"] is None


def test_names_are_read_once_a_minute() -> None:
    clock, netlink = Clock(), Replies(ADDRESSES)
    names = InterfaceNames(netlink, INDEX.get, clock)

    for clock.now_s in (0, 59, 60):
        names.name_of("192.0.2.1")
    read_in_a_minute = len(netlink.requests)
    clock.now_s = 60.5
    names.name_of("192.0.2.1")

    assert read_in_a_minute == 1
    assert len(netlink.requests) == 2


def test_an_unknown_address_has_the_names_read_again_but_not_for_every_row() -> None:
    clock, netlink = Clock(), Replies([], ADDRESSES)
    names = InterfaceNames(netlink, INDEX.get, clock)
    names.by_address()

    clock.now_s = 2
    found = [names.name_of(f"198.51.100.{host}") for host in range(50)]

    assert found == [None] * 50
    assert len(netlink.requests) == 2
    assert names.name_of("192.0.2.1") == "v0"


def test_the_mapping_stays_the_same_object_while_nothing_changes() -> None:
    clock = Clock()
    names = InterfaceNames(Replies(ADDRESSES, ADDRESSES, []), INDEX.get, clock)

    first = names.by_address()
    clock.now_s = 100
    second = names.by_address()
    clock.now_s = 200

    assert second is first
    assert names.by_address() == {}


def test_an_error_leaves_the_names_as_they_were() -> None:
    clock, netlink = Clock(), Replies(ADDRESSES, CollectError("refused"))
    names = InterfaceNames(netlink, INDEX.get, clock)
    names.by_address()

    clock.now_s = 100

    assert names.name_of("192.0.2.1") == "v0"
    assert netlink.closed


def test_no_descriptor_stays_open() -> None:
    netlink = Replies(ADDRESSES)

    InterfaceNames(netlink, INDEX.get).by_address()

    assert netlink.closed


def test_a_hostile_interface_name_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_indextoname", lambda _index: "b\udcff\udce9 x\n")

    assert index_name(3) == "b\\xff\\xe9 x\n"


@pytest.mark.parametrize("index", [0, 2**31 - 2, 2**32 - 1])
def test_an_interface_that_is_gone_has_no_name(index: int) -> None:
    assert index_name(index) is None


@given(st.binary(max_size=200))
def test_any_bytes_give_names_or_an_error(run: bytes) -> None:
    try:
        found = parse([run], INDEX.get)
    except CollectError:
        return

    assert all(isinstance(address, str) for address in found)
