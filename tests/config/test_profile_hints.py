"""Warnings about what may not have been meant: told where it is clear, silent where it is not."""

from typing import Any

import pytest
from tests.config.profiles import judged, static

from devicewarden.config.profile_hints import measured
from devicewarden.model.behavior import Behavior

OPERATOR = "$[0].criteria.comparisonOperator"


def is_hinted_at(behavior: dict[str, Any]) -> bool:
    parsed = judged(behavior)
    assert parsed.profile is not None
    return OPERATOR in [problem.path for problem in parsed.problems]


def threshold(name: str, metric: str, operator: str, limit: float) -> dict[str, Any]:
    value = {"count" if metric.startswith("aws:") else "number": limit}
    return static(metric, comparisonOperator=operator, value=value) | {"name": name}


def ports(name: str, operator: str) -> dict[str, Any]:
    criteria = {"comparisonOperator": operator, "value": {"ports": [23]}}
    return {"name": name, "metric": "aws:listening-tcp-ports", "criteria": criteria}


@pytest.mark.parametrize(
    ("name", "metric", "operator", "limit"),
    [
        ("LowMessageRate", "aws:num-messages-sent", "greater-than", 1000),
        ("AuthFailures", "aws:num-authorization-failures", "greater-than", 5),
        ("drops", "aws:num-disconnects", "greater-than-equals", 3),
        ("traffic-flood", "aws:all-bytes-out", "greater-than", 5_000_000),
        ("TooManyErrors", "app_state", "greater-than", 1),
        ("logins", "failed_logins", "greater-than", 3),
        ("device-offline", "aws:num-messages-sent", "less-than", 1),
        ("certificate", "certificate_days_left", "less-than", 30),
    ],
)
def test_an_alarm_condition_is_hinted_at(
    name: str, metric: str, operator: str, limit: float
) -> None:
    assert is_hinted_at(threshold(name, metric, operator, limit))


@pytest.mark.parametrize(
    ("name", "metric", "operator", "limit"),
    [
        ("few-messages", "aws:num-messages-sent", "less-than", 1000),
        ("AuthFailures", "aws:num-authorization-failures", "less-than", 5),
        ("still-listening", "aws:num-listening-tcp-ports", "greater-than-equals", 1),
        ("heartbeat", "aws:num-messages-sent", "greater-than", 0),
        ("keeps-sending", "aws:all-bytes-out", "greater-than", 100_000),
        ("highway-camera", "aws:all-bytes-out", "greater-than", 1),
        ("no-flood", "aws:all-bytes-out", "less-than", 5_000_000),
        ("certificate", "certificate_days_left", "greater-than", 30),
        ("warm-enough", "soc_temperature_celsius", "greater-than", -20),
    ],
)
def test_a_normal_condition_is_left_alone(
    name: str, metric: str, operator: str, limit: float
) -> None:
    assert not is_hinted_at(threshold(name, metric, operator, limit))


def test_the_hint_says_what_to_write() -> None:
    behavior = threshold("AuthFailures", "aws:num-authorization-failures", "greater-than", 5)

    reason = next(p.reason for p in judged(behavior).problems if p.path == OPERATOR)

    assert "is not greater-than 5" in reason
    assert reason.endswith("write less-than-equals")


@pytest.mark.parametrize(
    ("operator", "statistic", "hinted"),
    [
        ("greater-than", "p99", True),
        ("less-than", "p10", True),
        ("less-than-equals", "p90", False),
        ("greater-than", "p1", False),
    ],
)
def test_most_of_the_past_must_be_normal(operator: str, statistic: str, *, hinted: bool) -> None:
    behavior = static(
        comparisonOperator=operator, value=None, statisticalThreshold={"statistic": statistic}
    )

    assert is_hinted_at(behavior) == hinted


@pytest.mark.parametrize(
    ("name", "operator", "hinted"),
    [
        ("forbidden-ports", "in-port-set", True),
        ("AllowedPorts", "not-in-port-set", True),
        ("forbidden-ports", "not-in-port-set", False),
        ("allowed-ports", "in-port-set", False),
        ("known-bad-ports", "not-in-port-set", False),
        ("not-allowed-ports", "not-in-port-set", False),
        ("no-telnet", "in-port-set", False),
        ("badge-reader", "in-port-set", False),
    ],
)
def test_a_list_that_contradicts_its_name_is_hinted_at(
    name: str, operator: str, *, hinted: bool
) -> None:
    assert is_hinted_at(ports(name, operator)) == hinted


@pytest.mark.parametrize(
    ("metric", "by", "reason"),
    [
        ("aws:all-bytes-out", "device", ""),
        ("own_metric", "device", ""),
        ("aws:num-messages-sent", "agent", "of the agent's own connection only"),
        ("aws:disconnect-duration", "nowhere", "there is no data"),
    ],
)
def test_what_is_not_measured_on_this_device_is_told(metric: str, by: str, reason: str) -> None:
    value = {"number" if metric == "own_metric" else "count": 5}

    parsed = judged(static(metric, value=value, durationSeconds=None), aws=True)

    assert parsed.profile is not None
    assert measured(parsed.profile.behaviors[0]) == by
    assert [p.severity for p in parsed.problems] == ["warning"] * bool(reason)
    assert all(p.reason.endswith(reason) for p in parsed.problems)


def test_a_dimension_cannot_be_measured_at_all() -> None:
    behavior = static("aws:num-messages-sent") | {"metricDimension": {"dimensionName": "Topics"}}

    profile = judged(behavior).profile

    assert profile is not None
    assert isinstance(profile.behaviors[0], Behavior)
    assert measured(profile.behaviors[0]) == "nowhere"
