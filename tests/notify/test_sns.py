"""SNS: the document as the message, and what is there for filters and mail."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from devicewarden.model.errors import TemporaryDeliveryError
from devicewarden.notify.errand import Errand
from devicewarden.notify.sns import deliver, message, subject

DOCUMENT = {
    "thingName": "pump",
    "violationEventType": "in-alarm",
    "securityProfileName": "edge",
    "behavior": {"name": "few-ports", "metric": "aws:num-listening-tcp-ports"},
}
ARN = "arn:aws:sns:eu-central-1:123456789012:alarms"


def errand(arn: str, document: object = DOCUMENT, kind: str = "violation") -> Errand:
    sink = {"name": "fleet", "topic_arn": arn, "timeout_s": 5}
    payload = json.dumps(document).encode()
    return Errand(sink=sink, event_id="a1-in-alarm", kind=kind, payload=payload)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (DOCUMENT, "pump: in-alarm edge few-ports"),
        (
            {
                "thingName": "pump",
                "findingEventType": "finding-opened",
                "severity": "HIGH",
                "checkName": "DEVICE_CERTIFICATE_EXPIRING_CHECK",
            },
            "pump: finding-opened HIGH DEVICE_CERTIFICATE_EXPIRING_CHECK",
        ),
        ({"thingName": "pümp\n"}, "p?mp?: audit"),
        ({"thingName": "p" * 200}, "p" * 100),
        ({"behavior": 7}, "DeviceWarden: audit"),
    ],
)
def test_the_subject_is_one_line_of_mail(document: dict[str, Any], expected: str) -> None:
    assert subject("audit", document) == expected


def test_a_topic_in_order_has_what_it_needs() -> None:
    plain, fifo = message(ARN, errand(ARN)), message(f"{ARN}.fifo", errand(ARN))

    assert "MessageGroupId" not in plain
    assert fifo["MessageGroupId"] == "devicewarden"
    assert fifo["MessageDeduplicationId"] == "a1-in-alarm"


def test_a_payload_that_is_no_object_is_sent_all_the_same() -> None:
    assert message(ARN, errand(ARN, document=[1]))["Message"] == "[1]"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS's stand-in, reached as the environment of the agent says."""
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    yield
    server.stop()


@pytest.mark.e2e
@pytest.mark.usefixtures("aws")
def test_subscribers_have_the_document_as_it_is_and_attributes_to_filter_by() -> None:
    sns, sqs = (boto3.client(name, region_name="eu-central-1") for name in ("sns", "sqs"))
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn["Attributes"]["QueueArn"])

    deliver(errand(topic))

    (received,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    told = json.loads(received["Body"])
    assert json.loads(told["Message"]) == DOCUMENT
    assert told["Subject"] == "pump: in-alarm edge few-ports"
    attributes = {name: each["Value"] for name, each in told["MessageAttributes"].items()}
    assert attributes == {
        "eventId": "a1-in-alarm",
        "eventKind": "violation",
        "thing": "pump",
        "profile": "edge",
    }


@pytest.mark.e2e
@pytest.mark.usefixtures("aws")
def test_a_topic_that_is_missing_may_be_made_later() -> None:
    with pytest.raises(TemporaryDeliveryError, match="NotFound"):
        deliver(errand(f"{ARN}-of-nobody"))


@pytest.mark.e2e
def test_without_credentials_the_event_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    with pytest.raises(TemporaryDeliveryError, match="Unable to locate credentials"):
        deliver(errand(f"{ARN}-of-nobody"))
