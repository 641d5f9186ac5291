"""A security profile: what is taken, what is refused, and where it is wrong."""

from ipaddress import ip_network
from typing import Any

import pytest
from tests.config.profiles import example, judged, static, told

from devicewarden.config.profile import parse_profile
from devicewarden.model.behavior import (
    Behavior,
    CidrSet,
    MachineLearning,
    PortSet,
    StatisticalThreshold,
    Threshold,
    ValueSet,
)

BRIEF = [
    {
        "name": "LowMessageRate",
        "metric": "aws:num-messages-sent",
        "criteria": {
            "comparisonOperator": "greater-than",
            "value": {"count": 1000},
            "durationSeconds": 300,
            "consecutiveDatapointsToAlarm": 2,
            "consecutiveDatapointsToClear": 2,
        },
    },
    {
        "name": "AuthFailures",
        "metric": "aws:num-authorization-failures",
        "criteria": {
            "comparisonOperator": "greater-than",
            "value": {"count": 5},
            "durationSeconds": 60,
        },
    },
]
INVALID = {
    "list metric with durationSeconds": "durationSeconds",
    "duration not in 300/600/900/1800/3600": "durationSeconds",
    "operator does not fit metric": "comparisonOperator",
    "value key does not fit operator": "value.ports",
    "ML on a list metric": "mlDetectionConfig",
    "unknown percentile": "statisticalThreshold.statistic",
    "datapoints outside 1-10": "consecutiveDatapointsToAlarm",
    "dimension on a device-side metric": "$[0].metricDimension",
    "bad behaviour name": "$[0].name",
    "negative count": "value.count",
    "malformed CIDR": "value.cidrs[0]",
    "no such metric": "$[0].metric",
    "static value together with ML": "$[0].criteria",
    "port out of range": "value.ports[0]",
}
CAN_BE_JUDGED = {
    "list metric with durationSeconds",
    "duration not in 300/600/900/1800/3600",
    "unknown percentile",
}
VALID = [
    "d01-profile-rules",
    "d02-behavior-statistical",
    "d03-behavior-ml",
    "d04-behaviors-custom-metrics",
    "d07-behaviors-with-dimension",
    "d08-profile-retain-and-export",
]


def only(behavior: dict[str, Any], **options: Any) -> Behavior:
    profile = judged(behavior, **options).profile
    assert profile is not None
    return profile.behaviors[0]


@pytest.mark.parametrize("aws", [False, True], ids=["here", "aws"])
@pytest.mark.parametrize("name", VALID)
def test_every_valid_example_is_taken(name: str, *, aws: bool) -> None:
    document = example(name)
    single = isinstance(document, dict) and "criteria" in document

    parsed = parse_profile([document] if single else document, name=name, aws=aws)

    assert parsed.profile is not None
    assert {problem.severity for problem in parsed.problems} <= {"warning"}


@pytest.mark.parametrize("case", example("d09-invalid-behaviors"), ids=lambda case: case["why"])
def test_every_invalid_example_is_wrong_at_its_place(case: dict[str, Any]) -> None:
    place = INVALID[case["why"]]
    path = place if place.startswith("$") else f"$[0].criteria.{place}"
    expected = "warning" if case["why"] in CAN_BE_JUDGED else "error"

    here, aws = judged(case["behavior"]), judged(case["behavior"], aws=True)

    assert told(here) == [(expected, path)]
    assert told(aws) == [("error", path)]
    assert (here.profile is None) == (expected == "error")
    assert aws.profile is None


def test_the_profile_of_the_brief_is_taken_with_its_warnings() -> None:
    parsed = parse_profile(BRIEF, name="brief")

    assert parsed.profile is not None
    assert told(parsed) == [
        ("warning", "$[0].criteria.comparisonOperator"),
        ("warning", "$[0].metric"),
        ("warning", "$[1].criteria.durationSeconds"),
        ("warning", "$[1].criteria.comparisonOperator"),
        ("warning", "$[1].metric"),
    ]


def test_a_request_becomes_a_profile() -> None:
    parsed = parse_profile(example("d01-profile-rules"), name="not used")

    profile = parsed.profile
    assert profile is not None
    assert profile.name == "edge-baseline"
    assert profile.retained == ("aws:all-packets-out",)
    assert {b.name: b.criteria for b in profile.behaviors} == {
        "tcp-ports-allowed": PortSet(frozenset({22, 8883}), inside=True),
        "no-telnet": PortSet(frozenset({23, 2323}), inside=False),
        "udp-ports-allowed": PortSet(frozenset({68, 123, 5353}), inside=True),
        "only-known-destinations": CidrSet(
            tuple(map(ip_network, ("10.0.0.0/8", "198.51.100.0/24", "2001:db8::/32"))), inside=True
        ),
        "bytes-out-5min": Threshold("less-than-equals", 5_000_000),
        "few-connections": Threshold("less-than", 40),
        "still-listening": Threshold("greater-than-equals", 1),
    }
    bytes_out = profile.behaviors[4]
    assert (bytes_out.duration_s, bytes_out.to_alarm, bytes_out.to_clear) == (300, 2, 3)
    assert bytes_out.document == example("d01-profile-rules")["behaviors"][4]


def test_datapoints_are_one_and_a_duration_is_none_where_they_are_not_given() -> None:
    behavior = only(static(durationSeconds=None))

    assert (behavior.duration_s, behavior.to_alarm, behavior.to_clear) == (None, 1, 1)
    assert not behavior.suppressed


def test_statistical_and_learned_criteria_are_read() -> None:
    statistical = only(example("d02-behavior-statistical"))
    learned = only(example("d03-behavior-ml"))

    assert statistical.criteria == StatisticalThreshold("less-than-equals", 90)
    assert statistical.suppressed
    assert learned.criteria == MachineLearning("HIGH")
    assert learned.to_alarm == 2


def test_custom_metrics_are_read_by_what_they_are_compared_with() -> None:
    profile = parse_profile(example("d04-behaviors-custom-metrics"), name="custom").profile

    assert profile is not None
    assert profile.name == "custom"
    assert [b.criteria for b in profile.behaviors] == [
        Threshold("less-than", 80),
        ValueSet(frozenset({99.0, 100.0, 101.0}), inside=False),
        ValueSet(frozenset({"wireguard", "overlay", "br_netfilter"}), inside=True),
        CidrSet((ip_network("192.0.2.0/24"), ip_network("2001:db8::/64")), inside=True),
        MachineLearning("MEDIUM"),
    ]


def test_a_description_from_aws_is_taken_as_it_is() -> None:
    added = {
        "securityProfileArn": "arn:aws:iot:eu-central-1:123456789012:securityprofile/edge-baseline",
        "version": 3,
        "creationDate": "2025-11-24T16:00:00+00:00",
        "lastModifiedDate": 1764000600.25,
    }
    document = example("d01-profile-rules") | added

    here, aws = parse_profile(document, name=""), parse_profile(document, name="", aws=True)

    assert told(here) == [("warning", "$.alertTargets")]
    assert [path for severity, path in told(aws) if severity == "error"] == [
        f"$.{name}" for name in added
    ]


def test_a_profile_may_only_retain_metrics() -> None:
    parsed = parse_profile(
        {
            "securityProfileName": "kept",
            "additionalMetricsToRetain": ["aws:all-bytes-in", "aws:no-such-metric"],
            "additionalMetricsToRetainV2": [{"metric": "cpu"}, {"metric": "aws:all-bytes-in"}],
        },
        name="",
    )

    assert parsed.profile is not None
    assert parsed.profile.retained == ("aws:all-bytes-in", "cpu")
    assert told(parsed) == [("warning", "$.additionalMetricsToRetain[1]")]


def test_everything_wrong_is_told_at_once() -> None:
    first = static(durationSeconds="300", value={"count": "5"}) | {"suppressAlerts": 1}
    second = static("aws:all-byte-out", consecutiveDatapointsToAlarm=0) | {"name": ""}
    third = {"name": "b", "criteria": {}}

    parsed = judged(first, second, third, 7)

    assert told(parsed) == [
        ("error", "$[0].criteria.value.count"),
        ("error", "$[0].criteria.durationSeconds"),
        ("error", "$[0].suppressAlerts"),
        ("error", "$[1].name"),
        ("error", "$[1].metric"),
        ("error", "$[1].criteria.consecutiveDatapointsToAlarm"),
        ("error", "$[2]"),
        ("error", "$[2].criteria"),
        ("error", "$[2].criteria"),
        ("error", "$[3]"),
        ("error", "$[2].name"),
    ]


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (None, "$"),
        ("profile", "$"),
        ({}, "$"),
        ({"name": "b", "metric": "cpu"}, "$"),
        ({"securityProfileName": "a b"}, "$.securityProfileName"),
        ({"securityProfileName": 7}, "$.securityProfileName"),
        ({"securityProfileName": "p", "behaviors": {}}, "$.behaviors"),
        ({"securityProfileName": "p", "targets": ["gateways"]}, "$.targets[0]"),
    ],
)
def test_what_is_no_profile_is_refused(document: object, path: str) -> None:
    parsed = parse_profile(document, name="p")

    assert parsed.profile is None
    assert ("error", path) in told(parsed)


def test_a_nameless_document_takes_the_name_it_is_given() -> None:
    behaviors = {"behaviors": [static()]}

    named, nameless = parse_profile(behaviors, name="site-1"), parse_profile([], name="a b")

    assert named.profile is not None
    assert named.profile.name == "site-1"
    assert told(named) == [("warning", "$")]
    assert told(nameless) == [("error", "$")]


@pytest.mark.parametrize("member", ["securityProfilName", "Behaviors", 'odd "name'])
def test_an_unknown_member_is_a_warning_here_and_an_error_for_aws(member: str) -> None:
    document = {"securityProfileName": "p", "behaviors": [], member: 1}

    here, aws = parse_profile(document, name=""), parse_profile(document, name="", aws=True)

    assert [severity for severity, _ in told(here)] == ["warning"]
    assert [severity for severity, _ in told(aws)] == ["error"]
    assert here.profile is not None


def test_a_misspelled_member_is_told_what_it_may_have_been() -> None:
    behavior = static()
    behavior["criteria"]["consecutiveDatapointToAlarm"] = 3

    (problem,) = judged(behavior).problems

    assert "did you mean consecutiveDatapointsToAlarm?" in problem.reason


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"securityProfileDescription": "x" * 1001}, "$.securityProfileDescription"),
        ({"securityProfileDescription": "a\nb"}, "$.securityProfileDescription"),
        ({"tags": [{"Key": ""}]}, "$.tags[0].Key"),
        ({"alertTargets": {"SMS": {}}}, "$.alertTargets.SMS"),
        ({"alertTargets": {"SNS": {"alertTargetArn": "arn:x"}}}, "$.alertTargets.SNS"),
        (
            {"metricsExportConfig": {"mqttTopic": "t", "roleArn": "r"}},
            "$.metricsExportConfig.roleArn",
        ),
        ({"additionalMetricsToRetainV2": [{}]}, "$.additionalMetricsToRetainV2[0]"),
    ],
)
def test_what_is_not_used_here_is_for_aws_alone_to_mind(members: dict[str, Any], path: str) -> None:
    document = {"securityProfileName": "p"} | members

    here, aws = parse_profile(document, name=""), parse_profile(document, name="", aws=True)

    assert ("warning", path) in told(here)
    assert here.profile is not None
    assert ("error", path) in told(aws)


def test_targets_are_kept_as_they_are_written() -> None:
    targets = example("d11-attach-targets")
    document = {"securityProfileName": "p", "targets": targets}

    parsed = parse_profile(document, name="")
    without = parse_profile({"securityProfileName": "p"}, name="")

    assert parsed.targets == tuple(targets)
    assert told(parsed) == []
    assert without.targets is None
