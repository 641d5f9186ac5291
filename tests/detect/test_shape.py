"""Violations in the shapes of AWS, held by examples."""

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.detect.scenes import example, revive

from devicewarden.detect import shape
from devicewarden.model.behavior import MachineLearning
from devicewarden.model.errors import BaselineError
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList
from devicewarden.model.violation import (
    ActiveViolation,
    Addresses,
    Ports,
    Verification,
    ViolationEvent,
)


def event_of(document: dict[str, Any], at_s: float) -> ViolationEvent:
    behavior = revive(document["behavior"])
    assert behavior is not None
    value = document.get("metricValue")
    criteria = behavior.criteria
    return ViolationEvent(
        violation_id=document["violationId"],
        thing=document["thingName"],
        profile=document["securityProfileName"],
        behavior=behavior,
        kind=document["violationEventType"],
        at=datetime.fromtimestamp(at_s, UTC),
        value=None if value is None else shape.parse_metric_value(behavior.metric, value),
        confidence=criteria.confidence if isinstance(criteria, MachineLearning) else None,
        context={"offending": [4444]},
    )


@pytest.mark.parametrize(
    "name", ["w01-sns-in-alarm-count", "w02-sns-in-alarm-ports", "w03-sns-alarm-cleared"]
)
def test_sns_message_is_as_aws_sends_it(name: str) -> None:
    document = example("violations", name)
    event = event_of(document, document["violationEventTime"] / 1000)

    assert shape.sns_message(event) == document
    assert shape.message(event) == {**document, "context": {"offending": [4444]}}


def test_message_of_an_invalidated_violation_has_no_value() -> None:
    document = example("violations", "w04-api-alarm-invalidated")
    event = event_of(document, document["violationEventTime"])

    assert "metricValue" not in shape.sns_message(event)


@pytest.mark.parametrize("name", ["w04-api-alarm-invalidated", "w05-api-event-ml"])
def test_violation_event_is_as_the_api_lists_it(name: str) -> None:
    document = example("violations", name)
    event = event_of(document, document["violationEventTime"])
    told = document.get("verificationStateDescription", "")

    assert shape.violation_event(event, document["verificationState"], told) == document


def test_active_violation_is_as_the_api_lists_it() -> None:
    document = example("violations", "w06-active-violation-custom")
    behavior = revive(document["behavior"])
    assert behavior is not None
    active = ActiveViolation(
        violation_id=document["violationId"],
        thing=document["thingName"],
        profile=document["securityProfileName"],
        behavior=behavior,
        started_at=datetime.fromtimestamp(document["violationStartTime"], UTC),
        last_at=datetime.fromtimestamp(document["lastViolationTime"], UTC),
        last_value=Number(97.5),
        confidence=None,
    )

    assert shape.active_violation(active) == document


@pytest.mark.parametrize(
    ("metric", "value", "document"),
    [
        ("aws:all-bytes-in", Number(7.0), {"count": 7}),
        ("cpu", Number(7.5), {"number": 7.5}),
        ("aws:listening-tcp-ports", Ports(frozenset({443, 22})), {"ports": [22, 443]}),
        ("aws:source-ip-address", Addresses(frozenset({"b", "a"})), {"cidrs": ["a", "b"]}),
        ("dns", IpAddressList(("192.0.2.1",)), {"cidrs": ["192.0.2.1"]}),
        ("temps", NumberList((1.5, 2)), {"numbers": [1.5, 2]}),
        ("modules", StringList(("x",)), {"strings": ["x"]}),
    ],
)
def test_metric_value_has_the_key_of_its_kind(metric: str, value: Any, document: Any) -> None:
    assert shape.metric_value(metric, value) == document
    assert shape.parse_metric_value(metric, document) == value


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
almost = st.dictionaries(
    st.sampled_from(["count", "number", "ports", "cidrs", "numbers", "strings"]), json_values
)


@given(json_values | almost)
def test_what_is_no_metric_value_is_refused(document: Any) -> None:
    try:
        value = shape.parse_metric_value("m", document)
    except BaselineError:
        return

    again = shape.metric_value("m", value)
    assert shape.parse_metric_value("m", again) == value


def test_every_verification_state_of_aws_is_known() -> None:
    assert set(get_args(Verification)) == {
        "UNKNOWN", "TRUE_POSITIVE", "BENIGN_POSITIVE", "FALSE_POSITIVE",
    }  # fmt: skip
