"""Counts of opened TCP connections."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.recorded import PROC

from devicewarden.collect.opens import TcpOpenCounts, parse
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import TCP_OPENS, TcpOpens


def test_active_and_passive_opens_are_read_again_and_again() -> None:
    collector = TcpOpenCounts(PROC)

    readings = [collector.collect(), collector.collect()]
    collector.close()

    assert readings == [{TCP_OPENS: TcpOpens(active=6, passive=6)}] * 2


def test_one_failed_read_does_not_end_collecting(tmp_path: Path) -> None:
    collector = TcpOpenCounts(tmp_path)
    with pytest.raises(CollectError, match=r"cannot read .*net/snmp"):
        collector.collect()

    shutil.copytree(PROC / "net", tmp_path / "net")

    assert TCP_OPENS in collector.collect()
    collector.close()


def test_a_file_that_opens_and_cannot_be_read_is_opened_again(tmp_path: Path) -> None:
    collector = TcpOpenCounts(tmp_path)
    snmp = tmp_path / "net" / "snmp"
    snmp.mkdir(parents=True)
    with pytest.raises(CollectError, match="Is a directory"):
        collector.collect()

    snmp.rmdir()
    shutil.copy(PROC / "net" / "snmp", snmp)

    assert TCP_OPENS in collector.collect()
    collector.close()


def test_after_closing_the_file_is_opened_again() -> None:
    collector = TcpOpenCounts(PROC)
    collector.collect()

    collector.close()
    collector.close()

    assert TCP_OPENS in collector.collect()
    collector.close()


@pytest.mark.parametrize("text", [b"", b"\nTcp: RtoAlgorithm", b"\nTcp: 1 2 3 4 many 6 7"])
def test_a_file_without_counts_is_an_error(text: bytes) -> None:
    with pytest.raises(CollectError, match="no TCP counts"):
        parse(text)


@given(st.binary(max_size=100))
def test_any_bytes_give_counts_or_an_error(text: bytes) -> None:
    try:
        found = parse(b"\nTcp: " + text)
    except CollectError:
        return

    assert isinstance(found, TcpOpens)
