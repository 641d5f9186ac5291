"""Security profiles as AWS IoT Device Defender defines them: what is normal for a device."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final, Literal, TypeAlias

Comparison: TypeAlias = Literal[
    "less-than", "less-than-equals", "greater-than", "greater-than-equals"
]
OPPOSITE: Final[Mapping[Comparison, Comparison]] = {
    "less-than": "greater-than-equals",
    "less-than-equals": "greater-than",
    "greater-than": "less-than-equals",
    "greater-than-equals": "less-than",
}
"""What holds exactly where the other does not."""
Confidence: TypeAlias = Literal["HIGH", "MEDIUM", "LOW"]
Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Threshold:
    """Holds while `value comparison limit` is true."""

    comparison: Comparison
    limit: float


@dataclass(frozen=True, slots=True)
class PortSet:
    """Holds while every port is one of these (`inside`), or none is."""

    ports: frozenset[int]
    inside: bool


@dataclass(frozen=True, slots=True)
class CidrSet:
    """Holds while every address is in one of these networks (`inside`), or none is."""

    networks: tuple[Network, ...]
    inside: bool


@dataclass(frozen=True, slots=True)
class ValueSet:
    """Holds while every number or string is one of these (`inside`), or none is."""

    values: frozenset[float] | frozenset[str]
    inside: bool


@dataclass(frozen=True, slots=True)
class StatisticalThreshold:
    """Holds while `value comparison p` is true, p a percentile (0 to 100) of the past."""

    comparison: Comparison
    percentile: float


@dataclass(frozen=True, slots=True)
class MachineLearning:
    """Holds while a value is no more unusual than the confidence level tolerates."""

    confidence: Confidence


Criteria: TypeAlias = (
    Threshold | PortSet | CidrSet | ValueSet | StatisticalThreshold | MachineLearning
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """One expectation: a metric and its criteria. It states the normal condition.

    Attributes:
        name: unique in its profile.
        metric: `aws:...` or the name of a custom metric.
        criteria: when it holds.
        duration_s: counters are summed over windows of this length, gauges take the last value;
            None: one datapoint for each sample or report.
        to_alarm: so many violating datapoints in a row raise the alarm.
        to_clear: so many conforming datapoints in a row clear it.
        suppressed: evaluated and recorded, but nobody is told.
        document: the behavior as it was written; violations repeat it.
        dimension: narrows a cloud-side metric to topics that only the account defines, so that
            nothing here measures it; None: not narrowed.
    """

    name: str
    metric: str
    criteria: Criteria
    duration_s: int | None
    to_alarm: int
    to_clear: int
    suppressed: bool
    document: Mapping[str, Any]
    dimension: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityProfile:
    """A named set of behaviors.

    Attributes:
        name: unique on this device.
        behaviors: in the order in which they were written.
        retained: names of further metrics whose datapoints are kept.
    """

    name: str
    behaviors: tuple[Behavior, ...]
    retained: tuple[str, ...] = ()
