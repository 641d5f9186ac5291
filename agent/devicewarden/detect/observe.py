"""What one sample means in the words of behaviors: metric names of AWS, and custom ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from devicewarden.detect import metric_names as name
from devicewarden.detect.elements import ListValue
from devicewarden.model.metric import (
    CLOSED_TCP_PORTS,
    CLOSED_UDP_PORTS,
    DESTINATIONS,
    ESTABLISHED_CONNECTIONS,
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    NETWORK_TRAFFIC,
    Connections,
    CustomValue,
    Destinations,
    Listener,
    Listeners,
    Metrics,
    Number,
    RawValue,
    Sample,
    Traffic,
)
from devicewarden.model.violation import Addresses, DatapointValue, Ports

_PORT_COUNTS: Final = {
    LISTENING_TCP_PORTS: name.NUM_LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS: name.NUM_LISTENING_UDP_PORTS,
}
_CLOSED: Final = {CLOSED_TCP_PORTS: LISTENING_TCP_PORTS, CLOSED_UDP_PORTS: LISTENING_UDP_PORTS}
_TRAFFIC: Final = (
    *(name.ALL_BYTES_IN, name.ALL_BYTES_OUT, name.ALL_PACKETS_IN, name.ALL_PACKETS_OUT),
)
"""In the order of `Traffic`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What is known at one instant. What is absent was not observed: it is never zero.

    Attributes:
        at: aware UTC time.
        uptime_s: seconds since boot, suspension included.
        boot_id: uptimes compare only within one boot; empty: there is the wall clock alone.
        interval_s: seconds that the increments of counters cover.
        values: metric name -> value; counters (`metric_names.COUNTERS`) as increments.
        brief: metric name -> elements that came and went since the last observation.
    """

    at: datetime
    uptime_s: float = 0.0
    boot_id: str = ""
    interval_s: float = 0.0
    values: Mapping[str, DatapointValue] = field(default_factory=dict)
    brief: Mapping[str, ListValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConnection:
    """The agent's own connection to the broker: increments since the last observation.

    It stands in for what the cloud measures of the whole thing. What cannot be told is None.

    Attributes:
        largest_message_bytes: of those sent since then.
        source_address: local IP address of the connection.
    """

    messages_sent: int | None = None
    messages_received: int | None = None
    connection_attempts: int | None = None
    disconnects: int | None = None
    authorization_failures: int | None = None
    largest_message_bytes: int | None = None
    source_address: str | None = None


class Observer:
    """Turns samples into observations; a list that is the same object costs nothing again."""

    def __init__(self, *, include_loopback: bool = True) -> None:
        """Prepare to observe.

        Args:
            include_loopback: whether sockets of 127.0.0.0/8 and ::1 count, as in the report.
        """
        self._include_loopback = include_loopback
        self._known: dict[str, tuple[RawValue, Mapping[str, DatapointValue]]] = {}

    def observe(
        self, sample: Sample, moved: Metrics | None = None, own: OwnConnection | None = None
    ) -> Observation:
        """Say what a sample shows.

        Args:
            sample: ports, connections and custom metrics are taken from it.
            moved: metrics from an earlier sample to this one; traffic is taken from it.
            own: the agent's own connection over the same interval.
        """
        # Asked before this sample takes the place of the one before.
        brief = self._brief(sample)
        values: dict[str, DatapointValue] = {}
        for metric, value in sample.values.items():
            values.update(self._meaning(metric, value))
        if moved is not None:
            values.update(_traffic(moved))
        if own is not None:
            values.update(_own(own))
        return Observation(
            at=sample.taken_at,
            uptime_s=sample.uptime_s,
            boot_id=sample.boot_id,
            interval_s=0.0 if moved is None else moved.interval_s,
            values=values,
            brief=brief,
        )

    def _meaning(self, metric: str, value: RawValue) -> Mapping[str, DatapointValue]:
        known = self._known.get(metric)
        if known is None or known[0] is not value:
            known = value, self._translated(metric, value)
            self._known[metric] = known
        return known[1]

    def _translated(self, metric: str, value: RawValue) -> Mapping[str, DatapointValue]:
        if isinstance(value, Listeners) and metric in _PORT_COUNTS:
            counted = self._counted(value.items)
            ports = Ports(frozenset(port for port, _ in counted))
            return {metric: ports, _PORT_COUNTS[metric]: Number(len(counted))}
        if isinstance(value, Connections) and metric == ESTABLISHED_CONNECTIONS:
            return self._connected(value)
        if isinstance(value, Destinations):
            return {DESTINATIONS: self._reached(value.addresses)}
        return {metric: value} if isinstance(value, CustomValue) else {}

    def _brief(self, sample: Sample) -> dict[str, ListValue]:
        """Tell the ports that closed and were not in the observation before."""
        brief: dict[str, ListValue] = {}
        for closed, metric in _CLOSED.items():
            value = sample.values.get(closed)
            if isinstance(value, Listeners) and value.items:
                ports = frozenset(port for port, _ in self._counted(value.items))
                if new := ports - self._known_ports(metric):
                    brief[metric] = Ports(new)
        return brief

    def _known_ports(self, metric: str) -> frozenset[int]:
        known = self._known.get(metric)
        ports = None if known is None else known[1].get(metric)
        return ports.values if isinstance(ports, Ports) else frozenset()

    def _counted(self, listeners: Iterable[Listener]) -> frozenset[tuple[int, str]]:
        """Count each port of each interface once, as the report does."""
        return frozenset(
            (port, interface or "")
            for address, port, interface in listeners
            if self._include_loopback or not _is_loopback(address)
        )

    def _connected(self, connections: Connections) -> Mapping[str, DatapointValue]:
        kept = [
            each
            for each in connections.items
            if self._include_loopback
            or not (_is_loopback(each.remote_address) or _is_loopback(each.local_address))
        ]
        count = {name.NUM_ESTABLISHED_TCP_CONNECTIONS: Number(len(kept))}
        if DESTINATIONS in self._known:
            return count  # the quiet sample knows more of them, and knows it earlier
        return {DESTINATIONS: Addresses(frozenset(c.remote_address for c in kept)), **count}

    def _reached(self, addresses: frozenset[str]) -> Addresses:
        if self._include_loopback:
            return Addresses(addresses)
        return Addresses(frozenset(each for each in addresses if not _is_loopback(each)))


def _traffic(moved: Metrics) -> Mapping[str, DatapointValue]:
    traffic = moved.values.get(NETWORK_TRAFFIC)
    if not isinstance(traffic, Traffic):
        return {}
    return {metric: Number(count) for metric, count in zip(_TRAFFIC, traffic, strict=True)}


def _own(own: OwnConnection) -> Mapping[str, DatapointValue]:
    counts = {
        name.NUM_MESSAGES_SENT: own.messages_sent,
        name.NUM_MESSAGES_RECEIVED: own.messages_received,
        name.NUM_CONNECTION_ATTEMPTS: own.connection_attempts,
        name.NUM_DISCONNECTS: own.disconnects,
        name.NUM_AUTHORIZATION_FAILURES: own.authorization_failures,
        name.MESSAGE_BYTE_SIZE: own.largest_message_bytes,
    }
    values: dict[str, DatapointValue] = {
        metric: Number(count) for metric, count in counts.items() if count is not None
    }
    if own.source_address is not None:
        values[name.SOURCE_IP_ADDRESS] = Addresses(frozenset({own.source_address}))
    return values


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"
