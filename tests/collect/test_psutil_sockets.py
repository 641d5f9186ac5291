"""psutil as a source: the same rows, whatever it puts into a tuple."""

from typing import NamedTuple

import psutil
import pytest
from tests.collect import recorded
from tests.collect.recorded import PROC, names

from devicewarden.collect.psutil_sockets import PsutilSource
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Connection, Listener


class Address(NamedTuple):
    ip: str
    port: int


class Row(NamedTuple):
    status: str
    laddr: Address | tuple[()]
    raddr: Address | tuple[()]


def source(*rows: Row) -> PsutilSource:
    return PsutilSource(names(), lambda _kind: rows)


def test_the_recorded_files_give_what_the_other_sources_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(PROC))
    recording = PsutilSource(names())

    assert recording.listening_tcp() == recorded.TCP | {recorded.ON_UNKNOWN_DEVICE}
    assert recording.listening_udp() == recorded.UDP
    assert recording.established() == recorded.ESTABLISHED


def test_an_empty_address_is_no_error_and_no_row() -> None:
    rows = source(
        Row(psutil.CONN_LISTEN, (), ()),
        Row(psutil.CONN_NONE, (), ()),
        Row(psutil.CONN_ESTABLISHED, (), Address("192.0.2.9", 80)),
        Row(psutil.CONN_ESTABLISHED, Address("192.0.2.1", 80), ()),
    )

    assert rows.listening_tcp() == frozenset()
    assert rows.listening_udp() == frozenset()
    assert rows.established() == frozenset()


def test_a_connected_udp_socket_is_no_listener() -> None:
    here, there = Address("127.0.0.1", 4000), Address("127.0.0.1", 4001)
    rows = source(Row(psutil.CONN_NONE, here, there), Row(psutil.CONN_NONE, there, ()))

    assert rows.listening_udp() == {Listener("127.0.0.1", 4001, "lo")}


def test_mapped_addresses_are_ipv4() -> None:
    here, there = Address("::ffff:192.0.2.1", 22), Address("::ffff:192.0.2.9", 50000)

    found = source(Row(psutil.CONN_ESTABLISHED, here, there)).established()

    assert found == {Connection("192.0.2.9", 50000, "192.0.2.1", 22, "v0")}


@pytest.mark.parametrize(
    "error", [psutil.AccessDenied(1), OSError("gone"), RuntimeError("malformed line")]
)
def test_what_psutil_raises_is_a_collect_error(error: Exception) -> None:
    def read(_kind: str) -> list[Row]:
        raise error

    with pytest.raises(CollectError, match="psutil cannot list tcp sockets"):
        PsutilSource(names(), read).listening_tcp()
