"""What AWS IoT Device Defender knows: metrics, the operators that fit them, limits.

Source: AWS IoT API 2015-05-28 (Behavior, BehaviorCriteria, MetricValue); Device Defender developer
guide, device-side and cloud-side metrics; AWS General Reference, Device Defender quotas.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from devicewarden.model.behavior import Comparison

CustomType: TypeAlias = Literal["number", "number-list", "string-list", "ip-address-list"]
Shape: TypeAlias = Literal["count", "ports", "cidrs"] | CustomType
"""What a metric's datapoints are: of the standard set, or of a custom metric's type."""

ValueKey: TypeAlias = Literal["count", "cidrs", "ports", "number", "numbers", "strings"]
Measured: TypeAlias = Literal["device", "agent", "nowhere"]
"""Of the whole device, of the agent's own connection only, or by nothing here."""

MAX_BEHAVIORS: Final = 100
MAX_VALUES: Final = 1_000
MAX_DATAPOINTS: Final = 10
MAX_COUNT: Final = 2**63 - 1
MAX_PORT: Final = 65_535
AWS_DURATIONS_S: Final = (300, 600, 900, 1800, 3600)
MAX_DURATION_S: Final = 14 * 86_400  # datapoints are kept for so long
AWS_STATISTICS: Final = (
    *("p0", "p0.1", "p0.01", "p1", "p10", "p50", "p90", "p99", "p99.9", "p99.99", "p100"),
)
NAME: Final = re.compile(r"[a-zA-Z0-9:_-]{1,128}")

COMPARISONS: Final[tuple[Comparison, ...]] = get_args(Comparison)
PORT_SETS: Final = ("in-port-set", "not-in-port-set")
CIDR_SETS: Final = ("in-cidr-set", "not-in-cidr-set")
VALUE_SETS: Final = ("in-set", "not-in-set")
OPERATORS: Final = (*COMPARISONS, *CIDR_SETS, *PORT_SETS, *VALUE_SETS)


class Fit(NamedTuple):
    """Which operators fit a shape, and the member of `value` that goes with them."""

    operators: tuple[str, ...]
    key: ValueKey


FITS: Final[Mapping[Shape, Fit]] = {
    "count": Fit(COMPARISONS, "count"),
    "ports": Fit(PORT_SETS, "ports"),
    "cidrs": Fit(CIDR_SETS, "cidrs"),
    "number": Fit(COMPARISONS, "number"),
    "number-list": Fit(VALUE_SETS, "numbers"),
    "string-list": Fit(VALUE_SETS, "strings"),
    "ip-address-list": Fit(CIDR_SETS, "cidrs"),
}
NUMERIC: Final[frozenset[Shape]] = frozenset({"count", "number"})
NO_TYPES: Final[Mapping[str, CustomType]] = MappingProxyType({})
CUSTOM_SHAPES: Final[tuple[Shape, ...]] = get_args(CustomType)


@dataclass(frozen=True, slots=True)
class Standard:
    """A metric of the standard set.

    Attributes:
        shape: what its datapoints are.
        measured: by what here.
        duration: whether AWS takes durationSeconds with a static value.
        learned: whether AWS takes a statistical threshold and machine learning.
        dimension: whether AWS takes a dimension, which narrows it to some topics.
        operators: those that AWS takes, where they are fewer than fit the shape.
    """

    shape: Shape
    measured: Measured
    duration: bool = False
    learned: bool = False
    dimension: bool = False
    operators: tuple[str, ...] = ()


_TRAFFIC: Final = Standard("count", "device", duration=True, learned=True)
_MESSAGES: Final = Standard("count", "agent", duration=True, learned=True, dimension=True)
_CONNECTING: Final = Standard("count", "agent", duration=True, learned=True)
_PORTS: Final = Standard("ports", "device")

METRICS: Final[Mapping[str, Standard]] = {
    "aws:all-bytes-in": _TRAFFIC,
    "aws:all-bytes-out": _TRAFFIC,
    "aws:all-packets-in": _TRAFFIC,
    "aws:all-packets-out": _TRAFFIC,
    "aws:num-listening-tcp-ports": _TRAFFIC,
    "aws:num-listening-udp-ports": _TRAFFIC,
    "aws:num-established-tcp-connections": _TRAFFIC,
    "aws:listening-tcp-ports": _PORTS,
    "aws:listening-udp-ports": _PORTS,
    "aws:destination-ip-addresses": Standard("cidrs", "device"),
    "aws:message-byte-size": Standard("count", "agent", learned=True, dimension=True),
    "aws:num-messages-sent": _MESSAGES,
    "aws:num-messages-received": _MESSAGES,
    "aws:num-authorization-failures": _MESSAGES,
    "aws:num-connection-attempts": _CONNECTING,
    "aws:num-disconnects": _CONNECTING,
    "aws:source-ip-address": Standard("cidrs", "agent", dimension=True),
    "aws:disconnect-duration": Standard(
        "count", "nowhere", operators=("less-than", "less-than-equals")
    ),
}
