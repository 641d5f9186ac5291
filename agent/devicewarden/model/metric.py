"""What a host shows: raw values of one instant, and metrics over an interval.

Metric names with the prefix `aws:` are ours; custom metrics may not use it, so the two never meet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

LISTENING_TCP_PORTS: Final = "aws:listening-tcp-ports"
LISTENING_UDP_PORTS: Final = "aws:listening-udp-ports"
ESTABLISHED_CONNECTIONS: Final = "aws:established-tcp-connections"
NETWORK_TRAFFIC: Final = "aws:network-traffic"
TCP_OPENS: Final = "aws:tcp-opens"
DESTINATIONS: Final = "aws:destination-ip-addresses"
CLOSED_TCP_PORTS: Final = "aws:closed-listening-tcp-ports"
CLOSED_UDP_PORTS: Final = "aws:closed-listening-udp-ports"
"""Listeners that closed since the sample before: the short ones are seen here alone."""


class Listener(NamedTuple):
    """A socket that accepts traffic from whoever sends it.

    Attributes:
        address: local IP address as text, IPv4-mapped ones as IPv4; `0.0.0.0` and `::` are
            wildcards.
        port: 1 to 65535.
        interface: name of the interface it is bound to, by address or by SO_BINDTODEVICE; None for
            a wildcard, and where no interface has the address.
    """

    address: str
    port: int
    interface: str | None


class Connection(NamedTuple):
    """An established TCP connection, seen from its local end.

    Attributes:
        remote_address: IP address as text, IPv4-mapped ones as IPv4.
        remote_port: 1 to 65535.
        local_address: IP address as text, IPv4-mapped ones as IPv4.
        local_port: 1 to 65535.
        local_interface: name of the interface that has the local address, None if none has.
    """

    remote_address: str
    remote_port: int
    local_address: str
    local_port: int
    local_interface: str | None


class Traffic(NamedTuple):
    """Bytes and packets through network interfaces; the kernel's counters are 64 bits wide."""

    bytes_in: int
    bytes_out: int
    packets_in: int
    packets_out: int


NO_TRAFFIC: Final = Traffic(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Listeners:
    """Every listening socket of one protocol, twins (SO_REUSEPORT) folded."""

    items: frozenset[Listener]


@dataclass(frozen=True, slots=True)
class Connections:
    """Every established TCP connection."""

    items: frozenset[Connection]


@dataclass(frozen=True, slots=True)
class InterfaceTotals:
    """Traffic of each interface since it was created, by interface index."""

    by_index: Mapping[int, Traffic]


@dataclass(frozen=True, slots=True)
class TcpOpens:
    """TCP connections opened since boot: by this host (active) and by peers (passive)."""

    active: int
    passive: int


@dataclass(frozen=True, slots=True)
class Destinations:
    """Hosts at the other end of TCP sockets now or since the sample before, whoever began.

    Attributes:
        addresses: IP addresses as text, IPv4-mapped ones as IPv4.
        missed: sockets that came and went unseen, so that their addresses may be lacking.
    """

    addresses: frozenset[str]
    missed: int


@dataclass(frozen=True, slots=True)
class Number:
    """A custom metric of type number; finite."""

    value: float


@dataclass(frozen=True, slots=True)
class NumberList:
    """A custom metric of type number-list; all finite."""

    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StringList:
    """A custom metric of type string-list."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IpAddressList:
    """A custom metric of type ip-address-list: addresses without port or mask."""

    values: tuple[str, ...]


CustomValue: TypeAlias = Number | NumberList | StringList | IpAddressList
RawValue: TypeAlias = (
    Listeners | Connections | InterfaceTotals | TcpOpens | Destinations | CustomValue
)
MetricValue: TypeAlias = Listeners | Connections | Traffic | TcpOpens | Destinations | CustomValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Raw values read from the host at one instant.

    Attributes:
        taken_at: aware UTC time of the reading.
        uptime_s: seconds since boot, suspension included (CLOCK_BOOTTIME); never goes back.
        boot_id: kernel boot id; totals compare only within one boot.
        values: metric name -> raw value. What could not be read is absent.
        failed: collector name -> why it gave nothing, or less than it should.
    """

    taken_at: datetime
    uptime_s: float
    boot_id: str
    values: Mapping[str, RawValue]
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The values over the interval between two samples.

    Attributes:
        taken_at: aware UTC time of the later sample.
        interval_s: seconds between the two, > 0.
        values: metric name -> value; `TcpOpens` and `Traffic` are increments, the rest as sampled.
            What cannot be told is absent.
    """

    taken_at: datetime
    interval_s: float
    values: Mapping[str, MetricValue]
