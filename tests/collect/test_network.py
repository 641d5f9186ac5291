"""Interface counters: by index, 64 bits wide, without loopback, from either source."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.recorded import PROC, Replies, dumps

from devicewarden.collect.network import NetworkTotals, parse_dev, parse_stats
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import NETWORK_TRAFFIC, InterfaceTotals, Traffic

INDEX = {"lo": 1, "v1": 2, "v0": 3}
TOTALS = {2: Traffic(596, 516, 6, 6), 3: Traffic(516, 596, 6, 6)}
REFUSED = CollectError("Operation not supported")


def index_of(name: str) -> int:
    if name not in INDEX:
        raise OSError("no such device")
    return INDEX[name]


def stats(index: int, *counters: int) -> bytes:
    """One message as the kernel lays it out."""
    attribute = struct.pack("=HH4Q", 36, 1, *counters)
    return struct.pack("=IHHIIBxxxII", 28 + 36, 92, 2, 1, 7, 0, index, 1) + attribute


def test_netlink_gives_the_counters_by_index_without_loopback() -> None:
    collector = NetworkTotals(Replies(*dumps("interface_stats")))

    assert collector.collect() == {NETWORK_TRAFFIC: InterfaceTotals(TOTALS)}


def test_where_netlink_is_refused_proc_gives_the_same() -> None:
    collector = NetworkTotals(Replies(REFUSED), PROC, index_of)

    assert collector.collect() == {NETWORK_TRAFFIC: InterfaceTotals(TOTALS)}


def test_counters_beyond_32_bits_are_whole() -> None:
    assert parse_stats([stats(2, 1, 2, 2**40, 2**63)]) == {2: Traffic(2**40, 2**63, 1, 2)}


def test_where_neither_can_be_read_there_is_an_error_and_then_another_try(tmp_path: Path) -> None:
    collector = NetworkTotals(Replies(REFUSED, *dumps("interface_stats")), tmp_path)

    with pytest.raises(CollectError, match=r"cannot read .*net/dev"):
        collector.collect()

    assert collector.collect() == {NETWORK_TRAFFIC: InterfaceTotals(TOTALS)}


def test_a_hostile_interface_name_is_asked_for_as_it_is() -> None:
    asked = []

    def index_of_hostile(name: str) -> int:
        asked.append(name)
        return 7

    found = parse_dev(b"\n\nb\xff\x1b[31m\xe9: 1 2 0 0 0 0 0 0 3 4\n", index_of_hostile)

    assert found == {7: Traffic(1, 3, 2, 4)}
    assert asked == ["b\udcff\x1b[31m\udce9"]


def test_an_interface_deleted_meanwhile_is_left_out() -> None:
    text = b"\n\n gone: 1 2 0 0 0 0 0 0 3 4\n v0: 5 6 0 0 0 0 0 0 7 8\n"

    assert parse_dev(text, index_of) == {3: Traffic(5, 7, 6, 8)}


@pytest.mark.parametrize("line", [b"v0", b"v0: 1 2 3", b"v0: a b c d e f g h i j"])
def test_a_line_that_is_not_one_is_an_error(line: bytes) -> None:
    with pytest.raises(CollectError, match="malformed line"):
        parse_dev(b"\n\n" + line, index_of)


def test_a_message_without_counters_is_left_out() -> None:
    bare = struct.pack("=IHHIIBxxxII", 28, 92, 2, 1, 7, 0, 9, 1)

    assert parse_stats([bare + stats(2, 1, 1, 1, 1)]) == {2: Traffic(1, 1, 1, 1)}


@given(st.binary(max_size=200))
def test_any_bytes_give_counters_or_an_error(data: bytes) -> None:
    for source in ("netlink", "proc"):
        try:
            found = parse_stats([data]) if source == "netlink" else parse_dev(data, index_of)
        except CollectError:
            continue
        assert all(isinstance(traffic, Traffic) for traffic in found.values())
