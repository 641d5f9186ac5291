"""The policy document that a device needs, and no more."""

import dataclasses
import json
from typing import Any

import pytest

from devicewarden.config.jobs_settings import JobsSettings, ProvisioningSettings
from devicewarden.config.mitigate_settings import MitigateSettings
from devicewarden.config.settings import DetectSettings, PublishSettings, Settings, ThingSettings
from devicewarden.model.errors import ConfigError
from devicewarden.notify.registry import topics
from devicewarden.publish.device_policy import (
    Account,
    device_policy,
    has_variables,
    region_of,
)

EUROPE = Account("eu-central-1", "123456789012")
SETTINGS = Settings(thing=ThingSettings("gw-1", "gw-1"))
PREFIX = "arn:aws:iot:eu-central-1:123456789012:"


def granted(settings: Settings = SETTINGS, *, literal: bool = False) -> dict[str, list[str]]:
    """Action -> resources, without what stands before each."""
    statements = device_policy(settings, EUROPE, literal=literal)["Statement"]
    return {
        statement["Action"]: [each.removeprefix(PREFIX) for each in statement["Resource"]]
        for statement in statements
    }


def with_publish(**changes: Any) -> Settings:
    return dataclasses.replace(SETTINGS, publish=PublishSettings(**changes))


def test_a_device_may_connect_under_its_own_name_alone() -> None:
    (connect, *_) = device_policy(SETTINGS, EUROPE, literal=False)["Statement"]

    assert connect == {
        "Effect": "Allow",
        "Action": "iot:Connect",
        "Resource": [f"{PREFIX}client/${{iot:Connection.Thing.ThingName}}"],
        "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}},
    }


def test_it_may_publish_reports_and_events_and_hear_the_replies() -> None:
    reports = "$aws/things/gw-1/defender/metrics/json"

    actions = granted(literal=True)

    assert actions["iot:Connect"] == ["client/gw-1"]
    assert actions["iot:Publish"][:2] == [f"topic/{reports}", "topic/devicewarden/gw-1/violations"]
    assert actions["iot:Subscribe"] == [
        f"topicfilter/{reports}/accepted",
        f"topicfilter/{reports}/rejected",
    ]
    assert actions["iot:Receive"] == [f"topic/{reports}/accepted", f"topic/{reports}/rejected"]
    assert "iot:RetainPublish" not in actions


def test_it_may_publish_every_kind_of_event() -> None:
    settings = dataclasses.replace(SETTINGS, mitigate=MitigateSettings(enabled=True))

    actions = granted(settings, literal=True)

    assert {f"topic/{topic}" for topic in topics(settings).values()} <= set(actions["iot:Publish"])


def test_no_resource_has_a_wildcard() -> None:
    for literal in (True, False):
        resources = [each for group in granted(literal=literal).values() for each in group]

        assert not [each for each in resources if set(each) & set("*?+#")]


def test_both_variants_name_the_same_topics() -> None:
    literal = json.dumps(granted(literal=True))
    variables = json.dumps(granted())

    assert variables.replace("${iot:Connection.Thing.ThingName}", "gw-1") == literal


def test_what_is_switched_off_is_not_granted() -> None:
    settings = dataclasses.replace(SETTINGS, detect=DetectSettings(enabled=False))

    assert (
        "topic/devicewarden/gw-1/violations" not in granted(settings, literal=True)["iot:Publish"]
    )


def test_presence_is_retained_and_needs_a_word_more() -> None:
    settings = with_publish(presence_topic="devicewarden/{thing}/presence")

    actions = granted(settings, literal=True)

    assert actions["iot:RetainPublish"] == ["topic/devicewarden/gw-1/presence"]
    assert actions["iot:RetainPublish"][0] in actions["iot:Publish"]


def test_where_no_reply_is_expected_nothing_is_subscribed_to() -> None:
    actions = granted(with_publish(expect_reply=False), literal=True)

    assert set(actions) == {"iot:Connect", "iot:Publish"}


def test_a_client_id_of_its_own_needs_a_policy_of_its_own() -> None:
    settings = dataclasses.replace(SETTINGS, thing=ThingSettings("gw-1", "line-7"))

    assert not has_variables(settings)
    assert granted(settings, literal=True)["iot:Connect"] == ["client/line-7"]


@pytest.mark.parametrize("name", ["*", "gw?1", "${iot:ClientId}", "gw 1", "", "x" * 129])
def test_a_name_that_a_policy_would_take_for_a_pattern_is_refused(name: str) -> None:
    settings = dataclasses.replace(SETTINGS, thing=ThingSettings(name, name))

    with pytest.raises(ConfigError, match="no name for AWS IoT"):
        device_policy(settings, EUROPE, literal=True)


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("abc-ats.iot.eu-central-1.amazonaws.com", "eu-central-1"),
        ("ABC.iot.cn-north-1.amazonaws.com.cn.", "cn-north-1"),
        ("data.iot.example.com", "REGION"),
        ("abc-ats.iot.eu-central-1.amazonaws.com.evil.example", "REGION"),
    ],
)
def test_the_endpoint_tells_the_region(endpoint: str, region: str) -> None:
    assert region_of(endpoint) == region


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_the_region_tells_the_partition(region: str, partition: str) -> None:
    assert Account(region, "1").arn("client/a") == f"arn:{partition}:iot:{region}:1:client/a"


def test_jobs_and_provisioning_add_their_topics_and_no_others() -> None:
    settings = dataclasses.replace(
        SETTINGS,
        jobs=JobsSettings(("RESTART",)),
        provisioning=ProvisioningSettings(template="Edge"),
    )

    before, after = granted(literal=True), granted(settings, literal=True)

    jobs, csr = "$aws/things/gw-1/jobs", "$aws/certificates/create-from-csr/json"
    provision = "$aws/provisioning-templates/Edge/provision/json"
    said = (f"{jobs}/start-next", f"{jobs}/*/get", f"{jobs}/*/update", csr, provision)
    heard = (f"{jobs}/notify-next", *(f"{topic}/*" for topic in said))
    filters = (
        *(f"{jobs}/notify-next", f"{jobs}/start-next/+", f"{jobs}/+/get/+", f"{jobs}/+/update/+"),
        *(f"{csr}/+", f"{provision}/+"),
    )
    added = {action: set(after[action]) - set(before[action]) for action in after}
    assert added == {
        "iot:Connect": set(),
        "iot:Publish": {f"topic/{topic}" for topic in said},
        "iot:Subscribe": {f"topicfilter/{topic}" for topic in filters},
        "iot:Receive": {f"topic/{topic}" for topic in heard},
    }
