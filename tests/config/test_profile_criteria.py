"""Criteria of every kind: which operators, values and durations go with which metric."""

from ipaddress import ip_network
from typing import Any

import pytest
from tests.config.profiles import judged, static, told

from devicewarden.config.profile_schema import FITS, METRICS, OPERATORS, CustomType, Shape, ValueKey
from devicewarden.model.behavior import CidrSet, StatisticalThreshold, Threshold

VALUES: dict[ValueKey, Any] = {
    "count": 5,
    "number": -0.5,
    "ports": [22],
    "cidrs": ["10.0.0.0/8"],
    "numbers": [1, 2.5],
    "strings": ["a"],
}
STATISTICAL: dict[str, Any] = {"value": None, "statisticalThreshold": {"statistic": "p90"}}
LEARNED: dict[str, Any] = {
    "value": None,
    "comparisonOperator": None,
    "durationSeconds": None,
    "mlDetectionConfig": {"confidenceLevel": "LOW"},
}
CRITERIA = "$[0].criteria"


def errors(behavior: dict[str, Any], *, aws: bool = False, **options: Any) -> list[str]:
    parsed = judged(behavior, aws=aws, **options)
    return [path for severity, path in told(parsed) if severity == "error"]


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("metric", METRICS)
def test_an_operator_is_taken_exactly_where_it_fits_the_metric(metric: str, operator: str) -> None:
    fit = FITS[METRICS[metric].shape]
    value = {fit.key: VALUES[fit.key]}

    found = errors(static(metric, comparisonOperator=operator, value=value, durationSeconds=None))

    assert found == ([] if operator in fit.operators else [f"{CRITERIA}.comparisonOperator"])


OF_SHAPE = {standard.shape: metric for metric, standard in METRICS.items()}


@pytest.mark.parametrize("key", VALUES)
@pytest.mark.parametrize("shape", FITS)
def test_a_value_is_taken_exactly_where_it_fits_the_operator(shape: Shape, key: ValueKey) -> None:
    fit = FITS[shape]
    behavior = static(
        OF_SHAPE.get(shape, "custom"),
        comparisonOperator=fit.operators[1],
        value={key: VALUES[key]},
        durationSeconds=None,
    )
    types: Any = {"custom": shape}

    here = errors(behavior, custom_types=types)
    aws = errors(behavior, aws=True, custom_types=types)

    can_be_judged = key == fit.key or {key, fit.key} == {"count", "number"}
    assert here == ([] if can_be_judged else [f"{CRITERIA}.value.{key}"])
    assert aws == ([] if key == fit.key else [f"{CRITERIA}.value.{key}"])


@pytest.mark.parametrize("metric", METRICS)
def test_statistics_and_learning_are_of_numbers_only(metric: str) -> None:
    numeric = METRICS[metric].shape == "count"

    statistical = errors(static(metric, **STATISTICAL))
    learned = errors(static(metric, **LEARNED))

    assert (statistical == []) == numeric
    assert learned == ([] if numeric else [f"{CRITERIA}.mlDetectionConfig"])


@pytest.mark.parametrize(
    ("custom_type", "taken"),
    [
        ("number", True),
        ("number-list", False),
        ("string-list", False),
        ("ip-address-list", False),
    ],
)
def test_learning_from_a_custom_metric_needs_a_number(
    custom_type: CustomType, *, taken: bool
) -> None:
    types = {"cpu": custom_type}

    assert (errors(static("cpu", **LEARNED), custom_types=types) == []) == taken


@pytest.mark.parametrize(
    ("criteria", "path"),
    [
        ({"value": None}, ""),
        ({"comparisonOperator": None}, ""),
        ({"comparisonOperator": "equals"}, ".comparisonOperator"),
        ({"comparisonOperator": ["less-than"]}, ".comparisonOperator"),
        ({"value": {}}, ".value"),
        ({"value": {"count": 1, "ports": [1]}}, ".value"),
        ({"value": {"count": True}}, ".value.count"),
        ({"value": {"count": 2**63}}, ".value.count"),
        ({"value": {"count": 10**400}}, ".value.count"),
        ({"value": {"number": float("nan")}}, ".value.number"),
        ({"durationSeconds": 0}, ".durationSeconds"),
        ({"durationSeconds": 300.0}, ".durationSeconds"),
        ({"durationSeconds": 10**9}, ".durationSeconds"),
        ({"consecutiveDatapointsToClear": 11}, ".consecutiveDatapointsToClear"),
        ({"consecutiveDatapointsToAlarm": True}, ".consecutiveDatapointsToAlarm"),
        ({"mlDetectionConfig": {"confidenceLevel": "high"}}, ".mlDetectionConfig.confidenceLevel"),
        ({"mlDetectionConfig": {}}, ".mlDetectionConfig"),
        (STATISTICAL | {"statisticalThreshold": {}}, ".statisticalThreshold"),
        (
            STATISTICAL | {"statisticalThreshold": {"statistic": "p101"}},
            ".statisticalThreshold.statistic",
        ),
        (
            STATISTICAL | {"statisticalThreshold": {"statistic": "median"}},
            ".statisticalThreshold.statistic",
        ),
    ],
)
def test_what_cannot_be_judged_is_an_error(criteria: dict[str, Any], path: str) -> None:
    parsed = judged(static(**criteria))

    assert ("error", f"{CRITERIA}{path}") in told(parsed)
    assert parsed.profile is None


@pytest.mark.parametrize(
    ("metric", "criteria", "path"),
    [
        ("aws:all-bytes-in", {"durationSeconds": 7}, ".durationSeconds"),
        ("aws:all-bytes-in", {"value": {"count": 5.5}}, ".value.count"),
        ("aws:all-bytes-in", {"value": {"number": 5.5}}, ".value.number"),
        ("aws:all-bytes-in", STATISTICAL | {"durationSeconds": None}, ""),
        ("aws:all-bytes-in", LEARNED | {"durationSeconds": 300}, ".durationSeconds"),
        ("aws:all-bytes-in", LEARNED | {"comparisonOperator": "in-set"}, ".comparisonOperator"),
        ("aws:message-byte-size", {}, ".durationSeconds"),
        ("aws:disconnect-duration", LEARNED, ".mlDetectionConfig"),
        (
            "aws:disconnect-duration",
            {"comparisonOperator": "greater-than", "durationSeconds": None},
            ".comparisonOperator",
        ),
        ("cpu", {"value": {"count": 80}}, ".value.count"),
    ],
)
def test_what_aws_alone_would_refuse_is_a_warning_until_aws_is_asked_for(
    metric: str, criteria: dict[str, Any], path: str
) -> None:
    behavior = static(metric, **criteria)

    here, aws = judged(behavior), judged(behavior, aws=True)

    assert ("warning", f"{CRITERIA}{path}") in told(here)
    assert here.profile is not None
    assert ("error", f"{CRITERIA}{path}") in told(aws)


def test_a_percentile_is_compared_by_order_alone() -> None:
    behavior = static("custom", **STATISTICAL | {"comparisonOperator": "in-set"})

    assert errors(behavior) == [f"{CRITERIA}.statisticalThreshold"]


def test_any_percentile_can_be_judged() -> None:
    threshold = {"statistic": "p99.5"}

    profile = judged(static(**STATISTICAL | {"statisticalThreshold": threshold})).profile

    assert profile is not None
    assert profile.behaviors[0].criteria == StatisticalThreshold("less-than", 99.5)


def test_a_count_for_a_custom_number_is_its_limit() -> None:
    profile = judged(static("cpu", value={"count": 80})).profile

    assert profile is not None
    assert profile.behaviors[0].criteria == Threshold("less-than", 80)


@pytest.mark.parametrize(
    ("text", "network", "warned"),
    [
        ("10.0.0.0/8", "10.0.0.0/8", False),
        ("192.0.2.7", "192.0.2.7/32", False),
        ("10.1.2.3/8", "10.0.0.0/8", True),
        ("::", "::/128", False),
        ("2001:DB8::/32", "2001:db8::/32", False),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8", False),
        ("::ffff:10.0.0.0/95", "::fffe:0:0/95", True),
    ],
)
def test_a_network_is_read_exactly(text: str, network: str, *, warned: bool) -> None:
    operator = {"comparisonOperator": "in-cidr-set", "durationSeconds": None}

    parsed = judged(static("aws:destination-ip-addresses", value={"cidrs": [text]}, **operator))

    assert parsed.profile is not None
    criteria = parsed.profile.behaviors[0].criteria
    assert criteria == CidrSet((ip_network(network),), inside=True)
    assert told(parsed) == ([("warning", f"{CRITERIA}.value.cidrs[0]")] if warned else [])


@pytest.mark.parametrize(
    "text",
    ["", "10.0.0.0/33", "10.0.0.0/255.0.0.0", "10.0.0.0/", "fe80::1%eth0", "10/8", "1.2.3.04", 7],
)
def test_what_is_no_network_is_refused(text: object) -> None:
    operator = {"comparisonOperator": "in-cidr-set", "durationSeconds": None}

    parsed = judged(static("aws:destination-ip-addresses", value={"cidrs": [text]}, **operator))

    assert told(parsed) == [("error", f"{CRITERIA}.value.cidrs[0]")]


@pytest.mark.parametrize("metric", [*METRICS, "custom"])
def test_a_dimension_is_taken_only_where_topics_are_known(metric: str) -> None:
    behavior = static(metric, **LEARNED) | {"metricDimension": {"dimensionName": "Topics"}}
    standard = METRICS.get(metric)

    found = errors(behavior)

    assert ("$[0].metricDimension" in found) == (not (standard and standard.dimension))


@pytest.mark.parametrize(
    ("dimension", "path"),
    [
        ({"dimensionName": "Topics", "operator": "OUT"}, ".operator"),
        ({"dimensionName": "a b"}, ".dimensionName"),
        ({"operator": "IN"}, ""),
        ("Topics", ""),
    ],
)
def test_what_is_no_dimension_is_refused(dimension: object, path: str) -> None:
    behavior = static("aws:num-messages-sent") | {"metricDimension": dimension}

    assert errors(behavior) == [f"$[0].metricDimension{path}"]


def test_a_dimension_is_kept_and_there_is_no_data_for_it() -> None:
    behavior = static("aws:num-messages-sent") | {"metricDimension": {"dimensionName": "Topics"}}

    parsed = judged(behavior)

    assert parsed.profile is not None
    assert parsed.profile.behaviors[0].dimension == "Topics"
    assert told(parsed) == [("warning", "$[0].metricDimension")]
