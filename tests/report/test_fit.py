"""The byte budget: what goes first, what stays, and that the totals stay true."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.config.settings import ReportSettings
from devicewarden.model.metric import (
    ESTABLISHED_CONNECTIONS,
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    Connection,
    Connections,
    Listener,
    Listeners,
    Metrics,
    MetricValue,
    StringList,
)
from devicewarden.report.build import Report, build
from devicewarden.report.encode import encode
from devicewarden.report.fit import by_novelty
from devicewarden.report.wire import Format, Names

SPELLINGS: list[tuple[Format, Names]] = [
    ("json", "long"),
    ("json", "short"),
    ("cbor", "long"),
    ("cbor", "short"),
]
SMALL = ReportSettings(max_bytes=2000)
DATABASE = "192.0.2.1"

hosts = st.sampled_from([DATABASE, "203.0.113.1", "2001:db8::1"])
peers = st.builds(
    Connection,
    hosts,
    st.integers(min_value=1, max_value=3),
    st.just("10.0.0.7"),
    st.integers(min_value=1, max_value=3),
    st.sampled_from(["eth0", None]),
)


def report(
    values: dict[str, MetricValue],
    settings: ReportSettings = SMALL,
    known: Iterable[str] = (),
) -> Report:
    metrics = Metrics(taken_at=datetime(2026, 9, 1, tzinfo=UTC), interval_s=300, values=values)
    return build(metrics, report_id=1, settings=settings, known_destinations=frozenset(known))


def pool(size: int, remote_address: str = DATABASE) -> list[Connection]:
    return [
        Connection(remote_address, 5432, "10.0.0.7", 20000 + number, "eth0")
        for number in range(size)
    ]


def connected(connections: Iterable[Connection]) -> dict[str, MetricValue]:
    return {ESTABLISHED_CONNECTIONS: Connections(frozenset(connections))}


def listening(size: int) -> Listeners:
    return Listeners(frozenset(Listener("192.0.2.7", port, "eth0") for port in range(1, size + 1)))


def established(built: Report) -> Any:
    return built.document["metrics"]["tcp_connections"]["established_connections"]


def destinations(built: Report) -> Counter[str]:
    entries = established(built)["connections"]
    return Counter(entry["remote_addr"].rpartition(":")[0] for entry in entries)


def size_bytes(built: Report, settings: ReportSettings = SMALL) -> int:
    return len(encode(built.document, settings.format, settings.names))


@contextmanager
def counted_calls(calls: Counter[str]) -> Iterator[None]:
    def count(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            calls[frame.f_code.co_qualname] += 1

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize(("payload_format", "names"), SPELLINGS)
def test_budget_is_used_up_and_never_exceeded(payload_format: Format, names: Names) -> None:
    """A report larger than 128 KB ends the connection."""
    settings = ReportSettings(format=payload_format, names=names)

    built = report(connected(pool(20_000)), settings)

    assert 119_900 <= size_bytes(built, settings) <= 120_000
    assert established(built)["total"] == 20_000
    listed = len(established(built)["connections"])
    assert built.left_out.connections == 20_000 - listed


@pytest.mark.parametrize(("payload_format", "names"), SPELLINGS)
@pytest.mark.parametrize(
    "values",
    [
        connected(pool(100)),
        {LISTENING_TCP_PORTS: listening(300), LISTENING_UDP_PORTS: listening(9)},
    ],
    ids=["connections", "ports"],
)
def test_budget_holds_to_the_byte(
    values: dict[str, MetricValue], payload_format: Format, names: Names
) -> None:
    for max_bytes in range(2000, 2100):
        settings = ReportSettings(max_bytes=max_bytes, format=payload_format, names=names)

        size = size_bytes(report(values, settings), settings)

        assert max_bytes - 100 < size <= max_bytes


def test_every_new_destination_is_listed_before_any_known_one() -> None:
    new = [f"203.0.113.{host}" for host in range(20)]
    known = [f"10.1.0.{host}" for host in range(100)]
    connections = [connection for host in (*new, *known) for connection in pool(3, host)]

    listed = destinations(report(connected(connections), known=known))

    assert set(new) < set(listed)
    assert all(listed[host] == 1 for host in new)


def test_every_destination_is_listed_before_any_is_listed_twice() -> None:
    known = [f"203.0.113.{host}" for host in range(15)]
    connections = [*pool(1000), *(connection for host in known for connection in pool(2, host))]

    listed = destinations(report(connected(connections), known=known))

    assert set(listed) == {DATABASE, *known}
    assert listed[DATABASE] > 1


@given(data=st.data(), known=st.frozensets(hosts))
def test_order_of_connections_changes_nothing(data: st.DataObject, known: frozenset[str]) -> None:
    connections = data.draw(st.lists(peers, unique=True))
    shuffled = data.draw(st.permutations(connections))

    assert list(by_novelty(shuffled, known)) == list(by_novelty(connections, known))


def test_listed_connections_are_sorted_however_they_were_chosen() -> None:
    connections = [*pool(3, "203.0.113.9"), *pool(3)]

    entries = established(report(connected(connections), known=[DATABASE]))["connections"]

    assert [(entry["remote_addr"], entry["local_port"]) for entry in entries] == [
        (f"{host}:5432", 20000 + number)
        for host in (DATABASE, "203.0.113.9")
        for number in range(3)
    ]


def test_ports_and_custom_metrics_are_kept_while_connections_are_cut() -> None:
    values = connected(pool(1000)) | {
        LISTENING_TCP_PORTS: listening(20),
        "modules": StringList(("wireguard",) * 20),
    }

    built = report(values)

    assert len(built.document["metrics"]["listening_tcp_ports"]["ports"]) == 20
    assert "modules" in built.document["custom_metrics"]
    assert built.left_out.connections > 900


def test_largest_custom_metric_goes_first_where_the_rest_alone_is_too_large() -> None:
    values = connected(pool(5)) | {
        "small": StringList(("a",) * 10),
        "large": StringList(("b",) * 400),
        "giant": StringList(("c",) * 40_000),
    }

    built = report(values)

    assert built.left_out.custom_metrics == ("giant",)
    assert list(built.document["custom_metrics"]) == ["large", "small"]
    assert size_bytes(built) <= 2000


def test_custom_metrics_block_goes_with_its_last_metric() -> None:
    built = report({"giant": StringList(("c",) * 40_000)})

    assert built.left_out.custom_metrics == ("giant",)
    assert "custom_metrics" not in built.document


@pytest.mark.parametrize(("payload_format", "names"), SPELLINGS)
def test_ports_are_cut_last_from_both_protocols_with_true_totals(
    payload_format: Format, names: Names
) -> None:
    settings = ReportSettings(max_bytes=2000, format=payload_format, names=names)
    values = connected(pool(5)) | {
        LISTENING_TCP_PORTS: listening(5000),
        LISTENING_UDP_PORTS: listening(3000),
        "metric": StringList(("a",)),
    }

    built = report(values, settings)

    blocks = built.document["metrics"]
    tcp, udp = blocks["listening_tcp_ports"], blocks["listening_udp_ports"]
    assert (tcp["total"], udp["total"], established(built)["total"]) == (5000, 3000, 5)
    assert 0 <= len(tcp["ports"]) - len(udp["ports"]) <= 1
    assert tcp["ports"][0]["port"] == udp["ports"][0]["port"] == 1
    assert built.left_out.ports == 8000 - len(tcp["ports"]) - len(udp["ports"])
    assert built.left_out.custom_metrics == ("metric",)
    assert 1900 < size_bytes(built, settings) <= 2000


def test_twenty_thousand_connections_take_one_encoding_and_few_steps_each() -> None:
    calls: Counter[str] = Counter()
    connections = [
        *pool(10_000),
        *(Connection(f"10.{n >> 8}.{n & 255}.1", 1, "10.0.0.7", 9, None) for n in range(10_000)),
    ]
    values = connected(connections)

    with counted_calls(calls):
        report(values, ReportSettings())

    assert calls["encode"] == 1
    assert calls.total() < 2 * len(connections)
