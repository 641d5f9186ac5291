"""The log and MQTT as sinks, and which sinks there are."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import pytest
from structlog.testing import capture_logs

from devicewarden.config.settings import (
    DetectSettings,
    PublishSettings,
    Settings,
    ThingSettings,
)
from devicewarden.model.errors import (
    DeliveryError,
    PermanentDeliveryError,
    PermanentPublishError,
    PublishError,
    TemporaryDeliveryError,
    TemporaryPublishError,
)
from devicewarden.notify.log import LogSink
from devicewarden.notify.mqtt import MqttSink
from devicewarden.notify.registry import open_sinks, sink_names
from devicewarden.notify.sink import Event
from devicewarden.state.outbox import Kind

TOPICS: Mapping[Kind, str] = {
    "violation": "things/pump",
    "finding": "things/pump/findings",
    "audit": "things/pump/audits",
    "action": "things/pump/actions",
}
DOCUMENT = {
    "violationEventType": "in-alarm",
    "securityProfileName": "edge",
    "behavior": {"name": "few-ports", "metric": "aws:num-listening-tcp-ports"},
    "context": {"command_line": "nc -l 4444"},
}


def event(document: object = DOCUMENT, *, quiet: bool = False) -> Event:
    return Event(event_id="a1-in-alarm", quiet=quiet, payload=json.dumps(document).encode())


def test_the_log_tells_the_facts_and_no_command_line() -> None:
    with capture_logs() as told:
        asyncio.run(LogSink().deliver(event()))

    assert told == [
        {
            "event": "alarm_raised",
            "log_level": "warning",
            "event_id": "a1-in-alarm",
            "quiet": False,
            "profile": "edge",
            "behavior": "few-ports",
            "metric": "aws:num-listening-tcp-ports",
        }
    ]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        pytest.param(event(quiet=True), "alarm_raised", id="quiet"),
        pytest.param(event({"violationEventType": "alarm-cleared"}), "alarm_cleared", id="cleared"),
        pytest.param(
            event({"violationEventType": "alarm-invalidated", "behavior": 7}),
            "alarm_invalidated",
            id="invalidated",
        ),
        pytest.param(event({"violationEventType": ["x"]}), "event_told", id="unknown"),
        pytest.param(event([]), "event_told", id="no object"),
        pytest.param(Event(event_id="a", quiet=False, payload=b"\xff{"), "event_told", id="bytes"),
        pytest.param(
            Event(event_id="a", quiet=False, payload=b"[" * 10**5), "event_told", id="deep"
        ),
    ],
)
def test_what_is_no_alarm_to_act_on_is_info(given: Event, name: str) -> None:
    with capture_logs() as told:
        asyncio.run(LogSink().deliver(given))

    assert [(line["event"], line["log_level"]) for line in told] == [(name, "info")]


def test_mqtt_publishes_the_document_on_the_topic() -> None:
    published = []

    async def publish(topic: str, payload: bytes) -> None:
        published.append((topic, json.loads(payload)))

    asyncio.run(MqttSink(publish, TOPICS).deliver(event()))

    assert published == [("things/pump", DOCUMENT)]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TemporaryPublishError("away", hint="wait"), TemporaryDeliveryError),
        (PermanentPublishError("too large", hint="wait"), PermanentDeliveryError),
    ],
)
def test_what_the_broker_says_decides_on_another_attempt(
    error: PublishError, expected: type[DeliveryError]
) -> None:
    async def publish(_topic: str, _payload: bytes) -> None:
        raise error

    with pytest.raises(expected, match=str(error)) as caught:
        asyncio.run(MqttSink(publish, TOPICS).deliver(event()))

    assert caught.value.hint == "wait"


def test_the_log_is_a_sink_always_and_mqtt_with_a_broker() -> None:
    async def publish(_topic: str, _payload: bytes) -> None:
        return

    settings = replace(
        Settings(), thing=ThingSettings(name="pump"), detect=DetectSettings(topic="v/{thing}/x")
    )

    assert [sink.name for sink in open_sinks(settings, None)] == ["log"]
    log, mqtt = open_sinks(settings, publish)
    assert (log.name, mqtt.name) == ("log", "mqtt")
    assert isinstance(mqtt, MqttSink)
    assert mqtt.topics == {
        "violation": "v/pump/x",
        "finding": "devicewarden/pump/findings",
        "audit": "devicewarden/pump/audits",
        "action": "devicewarden/pump/actions",
    }


@pytest.mark.parametrize("endpoint", ["", "broker.example"])
def test_who_writes_to_the_outbox_knows_the_sinks_by_name(endpoint: str) -> None:
    async def publish(_topic: str, _payload: bytes) -> None:
        return

    settings = replace(Settings(), publish=PublishSettings(endpoint=endpoint))

    opened = open_sinks(settings, publish if endpoint else None)

    assert sink_names(settings) == tuple(sink.name for sink in opened)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_each_kind_of_event_has_a_topic(kind: Kind) -> None:
    published = []

    async def publish(topic: str, _payload: bytes) -> None:
        published.append(topic)

    asyncio.run(MqttSink(publish, TOPICS).deliver(replace(event(), kind=kind)))

    assert published == [TOPICS[kind]]


FINDING = {
    "findingEventType": "finding-opened",
    "checkName": "DEVICE_CERTIFICATE_EXPIRING_CHECK",
    "severity": "MEDIUM",
    "reasonForNonComplianceCode": "CERTIFICATE_PAST_EXPIRATION",
    "reasonForNonCompliance": "the log is not told this",
}


@pytest.mark.parametrize(
    ("given", "name", "level"),
    [
        pytest.param(FINDING, "finding_opened", "warning", id="opened"),
        pytest.param(
            {**FINDING, "findingEventType": "finding-changed"},
            "finding_changed",
            "warning",
            id="changed",
        ),
        pytest.param(
            {**FINDING, "findingEventType": "finding-resolved"},
            "finding_resolved",
            "info",
            id="resolved",
        ),
    ],
)
def test_the_log_tells_of_findings(given: dict[str, str], name: str, level: str) -> None:
    with capture_logs() as told:
        asyncio.run(LogSink().deliver(replace(event(given), kind="finding")))

    (line,) = told
    assert (line["event"], line["log_level"]) == (name, level)
    assert (line["check"], line["severity"]) == (given["checkName"], "MEDIUM")
    assert "the log is not told this" not in line.values()


def test_the_log_tells_that_an_audit_is_over() -> None:
    document = {"taskId": "c0", "nonCompliantChecksCount": 1, "failedChecksCount": 0}

    with capture_logs() as told:
        asyncio.run(LogSink().deliver(replace(event(document), kind="audit")))

    (line,) = told
    assert (line["event"], line["non_compliant_checks"]) == ("audit_completed", 1)
