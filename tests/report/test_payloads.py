"""Laws of the whole way, metrics to payload and back, and golden payloads."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.cli.judge import Judge
from devicewarden.config.settings import ReportSettings
from devicewarden.model.metric import (
    ESTABLISHED_CONNECTIONS,
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    NETWORK_TRAFFIC,
    Connection,
    Connections,
    IpAddressList,
    Listener,
    Listeners,
    Metrics,
    MetricValue,
    Number,
    NumberList,
    StringList,
    Traffic,
)
from devicewarden.report.build import Report, build
from devicewarden.report.decode import decode
from devicewarden.report.encode import encode
from devicewarden.report.wire import Format, Names

T = TypeVar("T")
WILDCARD = "0.0.0.0"
SPELLINGS: list[tuple[Format, Names]] = [
    ("json", "long"),
    ("json", "short"),
    ("cbor", "long"),
    ("cbor", "short"),
]
RICH: dict[str, MetricValue] = {
    LISTENING_TCP_PORTS: Listeners(
        frozenset(
            {
                Listener(WILDCARD, 22, None),
                Listener("::", 22, None),
                Listener("127.0.0.1", 631, "lo"),
                Listener("192.0.2.7", 443, "eth0"),
                Listener("2001:db8::7", 443, "eth0"),
            }
        )
    ),
    LISTENING_UDP_PORTS: Listeners(frozenset({Listener(WILDCARD, 68, "eth0")})),
    ESTABLISHED_CONNECTIONS: Connections(
        frozenset(
            {
                Connection("198.51.100.20", 8883, "192.0.2.7", 51544, "eth0"),
                Connection("2001:db8::17", 443, "2001:db8::7", 43210, "eth0"),
                Connection("10.20.0.7", 50122, "192.0.2.99", 22, None),
            }
        )
    ),
    NETWORK_TRAFFIC: Traffic(5_000_000_000, 12902, 131, 0),
    "cpu_percent": Number(12.5),
    "load_1m": Number(3.0),
    "core_temps": NumberList((41.5, 43, -0.25)),
    "kernel_modules": StringList(("wireguard", "überlagert")),
    "dns_servers": IpAddressList(("192.0.2.53", "2001:db8::53")),
}

addresses = st.ip_addresses().map(str) | st.sampled_from(["127.0.0.1", "::1", WILDCARD, "::"])
ports = st.integers(min_value=1, max_value=65535)
interfaces = st.none() | st.text(min_size=1, max_size=15) | st.just("eth\udcff")
listeners = st.builds(Listener, addresses, ports, interfaces)
connections = st.builds(Connection, addresses, ports, addresses, ports, interfaces)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(min_value=0, max_value=2**63)
values = st.fixed_dictionaries(
    {},
    optional={
        LISTENING_TCP_PORTS: st.builds(Listeners, st.frozensets(listeners, max_size=60)),
        LISTENING_UDP_PORTS: st.builds(Listeners, st.frozensets(listeners, max_size=60)),
        ESTABLISHED_CONNECTIONS: st.builds(Connections, st.frozensets(connections, max_size=60)),
        NETWORK_TRAFFIC: st.builds(Traffic, counts, counts, counts, counts),
        "a": st.builds(Number, numbers),
        "total": st.builds(NumberList, st.lists(numbers, max_size=200).map(tuple)),
        "c": st.builds(StringList, st.lists(st.text(), max_size=50).map(tuple)),
        "d": st.builds(IpAddressList, st.lists(addresses, max_size=50).map(tuple)),
    },
)


def report(
    host: Mapping[str, MetricValue], settings: ReportSettings, known: frozenset[str] = frozenset()
) -> Report:
    metrics = Metrics(taken_at=datetime(2026, 9, 1, tzinfo=UTC), interval_s=300, values=host)
    return build(metrics, report_id=1764000300, settings=settings, known_destinations=known)


def payload(
    host: Mapping[str, MetricValue], settings: ReportSettings, known: frozenset[str] = frozenset()
) -> bytes:
    document = report(host, settings, known).document
    return encode(document, settings.format, settings.names)


class Backwards(frozenset[T]):
    """An equal set that another hash seed would iterate the other way round."""

    def __iter__(self) -> Iterator[T]:
        return reversed(list(super().__iter__()))


def reordered(value: MetricValue) -> MetricValue:
    match value:
        case Listeners(sockets):
            return Listeners(Backwards(sockets))
        case Connections(sockets):
            return Connections(Backwards(sockets))
        case _:
            return value


@pytest.mark.parametrize(("payload_format", "names"), SPELLINGS)
def test_payload_is_the_golden_one(data: Path, payload_format: Format, names: Names) -> None:
    settings = ReportSettings(format=payload_format, names=names)

    sent = payload(RICH, settings)

    if payload_format == "json":
        assert sent.decode() + "\n" == (data / f"golden-{names}.json").read_text()
    else:
        assert sent.hex() + "\n" == (data / f"golden-{names}.cbor.hex").read_text()


@given(host=values)
@pytest.mark.parametrize(("payload_format", "names"), SPELLINGS)
def test_what_is_sent_is_a_report_and_reads_as_it_was_built(
    judge: Judge, host: dict[str, MetricValue], payload_format: Format, names: Names
) -> None:
    settings = ReportSettings(format=payload_format, names=names)

    sent = payload(host, settings)

    assert judge(sent, payload_format) == []
    assert decode(sent, payload_format) == report(host, settings).document


@given(host=values)
def test_format_and_names_change_no_value(host: dict[str, MetricValue]) -> None:
    documents = [
        decode(payload(host, ReportSettings(format=payload_format, names=names)), payload_format)
        for payload_format, names in SPELLINGS
    ]

    assert documents == [documents[0]] * 4


@given(
    host=values,
    known=st.frozensets(addresses),
    max_bytes=st.integers(min_value=2000, max_value=6000),
    spelling=st.sampled_from(SPELLINGS),
)
def test_budget_holds_and_totals_are_true_whatever_is_left_out(
    host: dict[str, MetricValue], known: frozenset[str], max_bytes: int, spelling: tuple[Any, Any]
) -> None:
    settings = ReportSettings(format=spelling[0], names=spelling[1], max_bytes=max_bytes)
    unbounded = report(host, ReportSettings()).document["metrics"]

    bounded = report(host, settings, known)

    blocks = bounded.document["metrics"]
    assert len(encode(bounded.document, *spelling)) <= max_bytes
    assert [total for total, _ in lists(blocks)] == [total for total, _ in lists(unbounded)]
    missing = sum(total - listed for total, listed in lists(blocks))
    assert missing == bounded.left_out.ports + bounded.left_out.connections


@given(
    host=values,
    known=st.frozensets(addresses),
    spelling=st.sampled_from(SPELLINGS),
    max_bytes=st.sampled_from([2000, 120_000]),
)
def test_order_of_the_input_changes_no_byte(
    host: dict[str, MetricValue], known: frozenset[str], spelling: tuple[Any, Any], max_bytes: int
) -> None:
    """No random sample of a list, which would make alarms flap."""
    settings = ReportSettings(format=spelling[0], names=spelling[1], max_bytes=max_bytes)
    other_way_round = {name: reordered(host[name]) for name in reversed(host)}

    assert payload(other_way_round, settings, known) == payload(host, settings, known)


def lists(blocks: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Total and length of each list there is."""
    found = [blocks[name] for name in sorted(blocks) if name.startswith("listening")]
    if "tcp_connections" in blocks:
        found.append(blocks["tcp_connections"]["established_connections"])
    return [(block["total"], len(block.get("ports", block.get("connections")))) for block in found]
