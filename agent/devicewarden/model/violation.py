"""What is judged, and what comes of it: datapoints and violations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from devicewarden.model.behavior import Behavior, Confidence
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList


@dataclass(frozen=True, slots=True)
class Ports:
    """Port numbers that are open."""

    values: frozenset[int]


@dataclass(frozen=True, slots=True)
class Addresses:
    """IP addresses as text, IPv4-mapped ones as IPv4."""

    values: frozenset[str]


DatapointValue: TypeAlias = Number | Ports | Addresses | NumberList | StringList | IpAddressList


@dataclass(frozen=True, slots=True)
class Datapoint:
    """One metric's value at one time.

    Attributes:
        metric: `aws:...` as behaviors name it, or a custom metric's name.
        at: aware UTC time; the end of the window where there is one.
        value: what was measured.
    """

    metric: str
    at: datetime
    value: DatapointValue


ViolationType: TypeAlias = Literal["in-alarm", "alarm-cleared", "alarm-invalidated"]
Verification: TypeAlias = Literal["UNKNOWN", "TRUE_POSITIVE", "BENIGN_POSITIVE", "FALSE_POSITIVE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationEvent:
    """One step in the life of a violation, as it is told to the world.

    Attributes:
        violation_id: 32 hexadecimal digits, the same from in-alarm to cleared or invalidated.
        thing: name of the device.
        profile: name of the security profile.
        behavior: that did not hold.
        kind: in-alarm, alarm-cleared or alarm-invalidated.
        at: aware UTC time.
        value: the datapoint that decided; None where a violation is invalidated.
        confidence: of machine learning; None otherwise.
        context: what AWS's shape has no place for: owner, first seen, datapoints, threshold, and
            for lists which elements offended. JSON values only.
    """

    violation_id: str
    thing: str
    profile: str
    behavior: Behavior
    kind: ViolationType
    at: datetime
    value: DatapointValue | None
    confidence: Confidence | None
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveViolation:
    """A violation that is in alarm.

    Attributes:
        violation_id: as in its event.
        thing: name of the device.
        profile: name of the security profile.
        behavior: that does not hold.
        started_at: when it was raised, aware UTC.
        last_at: time of the latest violating datapoint.
        last_value: that datapoint.
        confidence: of machine learning; None otherwise.
    """

    violation_id: str
    thing: str
    profile: str
    behavior: Behavior
    started_at: datetime
    last_at: datetime
    last_value: DatapointValue
    confidence: Confidence | None
