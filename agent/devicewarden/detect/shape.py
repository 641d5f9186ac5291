"""Violations in the shapes of AWS: the SNS message, and what the API's lists hold.

Source: AWS IoT API 2015-05-28 (ViolationEvent, ActiveViolation, MetricValue); Device Defender
developer guide, SNS message: its time is in milliseconds, the API's in seconds.
"""

from collections.abc import Mapping
from typing import Any, assert_never

from devicewarden.detect import fields
from devicewarden.detect.elements import value_of
from devicewarden.model.behavior import Confidence
from devicewarden.model.errors import BaselineError
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList
from devicewarden.model.violation import (
    ActiveViolation,
    Addresses,
    DatapointValue,
    Ports,
    Verification,
    ViolationEvent,
)

Shape = dict[str, Any]
"""JSON values only."""


def metric_value(metric: str, value: DatapointValue) -> Shape:
    """Write a value as MetricValue: one member, named by the kind of metric."""
    match value:
        case Number(number) if metric.startswith("aws:"):
            return {"count": int(number)}
        case Number(number):
            return {"number": number}
        case Ports(ports):
            return {"ports": sorted(ports)}
        case Addresses(addresses) | IpAddressList(addresses):
            return {"cidrs": sorted(addresses)}
        case NumberList(numbers):
            return {"numbers": list(numbers)}
        case StringList(texts):
            return {"strings": list(texts)}
        case _:
            assert_never(value)


def parse_metric_value(metric: str, document: object) -> DatapointValue:
    """Read a MetricValue.

    Raises:
        BaselineError: it is none.
    """
    match document:
        case {"count": int(number)} | {"number": int(number) | float(number)}:
            return Number(fields.number(number))
        case {"ports": [*items]} if all(isinstance(item, int) for item in items):
            return Ports(frozenset(items))
        case {"cidrs": [*items]} if all(isinstance(item, str) for item in items):
            return value_of(Addresses if metric.startswith("aws:") else IpAddressList, items)
        case {"numbers": [*items]} if all(isinstance(item, int | float) for item in items):
            return NumberList(tuple(map(fields.number, items)))
        case {"strings": [*items]} if all(isinstance(item, str) for item in items):
            return StringList(tuple(items))
        case _:
            raise BaselineError("no metric value")


def sns_message(event: ViolationEvent) -> Shape:
    """Write an event as AWS sends it to SNS."""
    return {
        "violationEventTime": round(event.at.timestamp() * 1000),
        "thingName": event.thing,
        "behavior": dict(event.behavior.document),
        "violationEventType": event.kind,
        "violationId": event.violation_id,
        "securityProfileName": event.profile,
        **_value("metricValue", event.behavior.metric, event.value),
    }


def message(event: ViolationEvent) -> Shape:
    """Write an event as it is told to the world: AWS's message, and the context beside it."""
    return {**sns_message(event), "context": dict(event.context)}


def violation_event(
    event: ViolationEvent, verification: Verification = "UNKNOWN", description: str = ""
) -> Shape:
    """Write an event as ListViolationEvents gives it.

    Args:
        event: what happened.
        verification: what a person thinks of it.
        description: why they think so; empty: not said.
    """
    return {
        "violationId": event.violation_id,
        "thingName": event.thing,
        "securityProfileName": event.profile,
        "behavior": dict(event.behavior.document),
        **_value("metricValue", event.behavior.metric, event.value),
        **_additional(event.confidence),
        "violationEventType": event.kind,
        **_verified(verification, description),
        "violationEventTime": event.at.timestamp(),
    }


def active_violation(
    active: ActiveViolation, verification: Verification = "UNKNOWN", description: str = ""
) -> Shape:
    """Write a violation that is in alarm as ListActiveViolations gives it."""
    return {
        "violationId": active.violation_id,
        "thingName": active.thing,
        "securityProfileName": active.profile,
        "behavior": dict(active.behavior.document),
        **_value("lastViolationValue", active.behavior.metric, active.last_value),
        **_additional(active.confidence),
        **_verified(verification, description),
        "lastViolationTime": active.last_at.timestamp(),
        "violationStartTime": active.started_at.timestamp(),
    }


def _value(member: str, metric: str, value: DatapointValue | None) -> Shape:
    return {} if value is None else {member: metric_value(metric, value)}


def _additional(confidence: Confidence | None) -> Mapping[str, Any]:
    if confidence is None:
        return {}
    return {"violationEventAdditionalInfo": {"confidenceLevel": confidence}}


def _verified(verification: Verification, description: str) -> Shape:
    told = {"verificationStateDescription": description} if description else {}
    return {"verificationState": verification, **told}
