"""Metrics -> Report: which value stands where in the document."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devicewarden.config.settings import ReportSettings
from devicewarden.model.metric import (
    ESTABLISHED_CONNECTIONS,
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    NETWORK_TRAFFIC,
    Connection,
    Connections,
    CustomValue,
    Listeners,
    Metrics,
    MetricValue,
    Traffic,
)
from devicewarden.report import wire
from devicewarden.report.entries import custom_entry, port_entry
from devicewarden.report.fit import LeftOut, fit

SPECIFICATION: Final = "1.0"
"""Version of the metrics document, `Major.Minor`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Header and metrics, as they are sent.

    Attributes:
        report_id: as in the header; replies refer to it.
        document: what `encode` writes.
        left_out: what the byte budget kept out of the lists.
    """

    report_id: int
    document: wire.Document
    left_out: LeftOut


def build(
    metrics: Metrics,
    *,
    report_id: int,
    settings: ReportSettings,
    known_destinations: frozenset[str] = frozenset(),
) -> Report:
    """Build the report of an interval. A metric that is absent in `metrics` is absent in it.

    Equal metrics give equal reports, in whatever order sets and mappings hold them. The payload
    that `encode` makes with the format and names of `settings` has at most `max_bytes`.

    Args:
        metrics: the values; `TcpOpens` has no place in a report.
        report_id: positive, at most 2^53 - 1, greater than in any report before.
        settings: budget and spelling; whether loopback sockets are listed and counted.
        known_destinations: remote IP addresses that earlier reports saw. Where not all connections
            fit, those to other addresses come first.

    Raises:
        ReportError: a custom number is not finite.
    """
    values = metrics.values
    connections = _connections(values.get(ESTABLISHED_CONNECTIONS), settings)
    blocks = {
        wire.LISTENING_TCP: _ports(values.get(LISTENING_TCP_PORTS), settings),
        wire.LISTENING_UDP: _ports(values.get(LISTENING_UDP_PORTS), settings),
        wire.NETWORK_STATS: _network_stats(values.get(NETWORK_TRAFFIC)),
        wire.TCP_CONNECTIONS: _count(connections),
    }
    document: dict[str, Any] = {
        wire.HEADER: {wire.REPORT_ID: report_id, wire.VERSION: SPECIFICATION},
        # Older texts of the specification require the block, so it is there even if empty.
        wire.METRICS: {name: block for name, block in blocks.items() if block is not None},
    }
    if custom := _custom_metrics(values):
        document[wire.CUSTOM_METRICS] = custom
    left_out = fit(document, connections or (), known_destinations, settings)
    return Report(report_id=report_id, document=document, left_out=left_out)


def _ports(value: MetricValue | None, settings: ReportSettings) -> dict[str, Any] | None:
    """List each port of each interface once, however many addresses and sockets share it."""
    if not isinstance(value, Listeners):
        return None
    entries = {
        (listener.port, listener.interface or "")
        for listener in value.items
        if settings.include_loopback or not _is_loopback(listener.address)
    }
    ports = [port_entry(port, interface) for port, interface in sorted(entries)]
    return {wire.PORTS: ports, wire.TOTAL: len(ports)}


def _connections(
    value: MetricValue | None, settings: ReportSettings
) -> Collection[Connection] | None:
    if not isinstance(value, Connections):
        return None
    if settings.include_loopback:
        return value.items
    return [
        connection
        for connection in value.items
        if not _is_loopback(connection.remote_address)
        and not _is_loopback(connection.local_address)
    ]


def _count(connections: Collection[Connection] | None) -> dict[str, Any] | None:
    if connections is None:
        return None
    return {wire.ESTABLISHED: {wire.CONNECTIONS: [], wire.TOTAL: len(connections)}}


def _network_stats(value: MetricValue | None) -> dict[str, int] | None:
    if not isinstance(value, Traffic):
        return None
    return {
        wire.BYTES_IN: value.bytes_in,
        wire.BYTES_OUT: value.bytes_out,
        wire.PACKETS_IN: value.packets_in,
        wire.PACKETS_OUT: value.packets_out,
    }


def _custom_metrics(values: Mapping[str, MetricValue]) -> dict[str, Any]:
    return {
        name: custom_entry(value)
        for name, value in sorted(values.items())
        if isinstance(value, CustomValue)
    }


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"
