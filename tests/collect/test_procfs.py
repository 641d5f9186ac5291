"""Sockets from recorded files of /proc/net."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect import recorded
from tests.collect.recorded import PROC, names

from devicewarden.collect.procfs import ESTABLISHED, LISTEN, ProcSource, parse
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Listener

HEADING = b"  sl  local_address rem_address   st tx_queue rx_queue\n"
LISTENER = b"   0: 0100007F:1538 00000000:0000 0A 00000000:00000000\n"
CONNECTION = b"   1: 0100007F:9C41 0100007F:1F90 01 00000000:00000000\n"


@pytest.fixture
def source() -> ProcSource:
    return ProcSource(names(), PROC)


def test_listening_tcp_sockets_are_those_in_the_state_listen(source: ProcSource) -> None:
    assert source.listening_tcp() == recorded.TCP | {recorded.ON_UNKNOWN_DEVICE}


def test_listening_udp_sockets_have_a_port_and_no_peer(source: ProcSource) -> None:
    assert source.listening_udp() == recorded.UDP


def test_established_connections_are_in_that_state_alone(source: ProcSource) -> None:
    assert source.established() == recorded.ESTABLISHED


def test_a_host_without_ipv6_has_its_ipv4_sockets(tmp_path: Path) -> None:
    shutil.copytree(PROC / "net", tmp_path / "net", ignore=shutil.ignore_patterns("*6"))

    found = ProcSource(names(), tmp_path).listening_udp()

    assert found == {each for each in recorded.UDP if each.address != "::"}


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match=r"cannot read .*net/tcp"):
        ProcSource(names(), tmp_path).listening_tcp()


def test_one_failed_read_does_not_end_reading(tmp_path: Path) -> None:
    source = ProcSource(names(), tmp_path)
    with pytest.raises(CollectError):
        source.listening_udp()

    shutil.copytree(PROC / "net", tmp_path / "net")

    assert source.listening_udp() == recorded.UDP


def test_a_udp_row_with_a_peer_is_no_listener(tmp_path: Path) -> None:
    net = tmp_path / "net"
    net.mkdir()
    rows = (
        b"   0: 0100007F:0035 0100007F:1F90 07 00000000:00000000\n"
        b"   1: 0100007F:007B 00000000:0000 07 00000000:00000000\n"
    )
    (net / "udp").write_bytes(HEADING + rows)

    assert ProcSource(names(), tmp_path).listening_udp() == {Listener("127.0.0.1", 123, "lo")}


def test_connections_are_not_read_for_the_sake_of_listeners() -> None:
    lines = iter([HEADING, LISTENER, CONNECTION, CONNECTION])

    found = list(parse(lines, LISTEN))

    assert found == [("127.0.0.1", 5432, "0.0.0.0", 0)]
    assert list(lines) == [CONNECTION]


@pytest.mark.parametrize(
    "line",
    [
        b"   0: 0100007F:1538 00000000:0000",
        b"   0: 0100007F 00000000:0000 01 0",
        b"   0: 01007F:1538 00000000:0000 01 0",
        b"   0: 0100007F:11538 00000000:0000 01 0",
        b"   0: 0100007F:-1 00000000:0000 01 0",
        b"   0: \xff\xff:1538 00000000:0000 01 0",
    ],
)
def test_a_line_that_is_not_one_is_an_error(line: bytes) -> None:
    with pytest.raises(CollectError, match="malformed"):
        list(parse([HEADING, line], ESTABLISHED))


@given(st.lists(st.binary(max_size=80), max_size=5))
def test_any_lines_give_rows_or_an_error(lines: list[bytes]) -> None:
    try:
        found = list(parse(lines, ESTABLISHED))
    except CollectError:
        return

    assert len(found) < max(1, len(lines))
