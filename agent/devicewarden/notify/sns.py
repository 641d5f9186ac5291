"""`python -m devicewarden.notify.sns`: one event, one SNS message. Never loaded by the daemon."""

import json
from typing import Any, Final

from devicewarden.config.notify_settings import SnsSettings
from devicewarden.model.errors import PermanentDeliveryError, TemporaryDeliveryError
from devicewarden.notify.errand import Errand, perform

LONGEST_SUBJECT: Final = 100
"""Source: Amazon SNS API, Publish: ASCII, one line, begins with a letter, number or mark."""

_NEVER_TAKEN: Final = ("InvalidParameter", "ParameterValueInvalid", "ValidationError")
_ATTRIBUTES: Final = {
    "severity": "severity",
    "thing": "thingName",
    "profile": "securityProfileName",
    "check": "checkName",
}


def deliver(errand: Errand) -> None:
    """Publish an event; the message is the document itself, as a webhook has it.

    Raises:
        TemporaryDeliveryError: boto3 or credentials are missing, or SNS cannot take it now.
        PermanentDeliveryError: SNS says that the message is wrong.
    """
    sink = SnsSettings(**errand.sink)
    try:
        import boto3  # noqa: PLC0415  an extra that may be missing
        from botocore.config import Config  # noqa: PLC0415  as above
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  as above
    except ImportError as error:
        raise TemporaryDeliveryError(
            f"{error}", hint="install boto3: pip install 'devicewarden[aws]'"
        ) from error
    try:
        client = boto3.Session().client(
            "sns",
            region_name=sink.topic_arn.split(":")[3],
            config=Config(
                connect_timeout=sink.timeout_s,
                read_timeout=sink.timeout_s,
                # Another attempt is the outbox's to make.
                retries={"total_max_attempts": 1},
            ),
        )
        client.publish(**message(sink.topic_arn, errand))
    except ClientError as error:
        raise _translated(error.response.get("Error", {}), str(error)) from error
    except BotoCoreError as error:
        raise TemporaryDeliveryError(str(error), hint="see docs/sinks.md, Amazon SNS") from error


def message(topic_arn: str, errand: Errand) -> dict[str, Any]:
    """Make the arguments of Publish; a FIFO topic keeps a device's events in order, and once."""
    parsed = json.loads(errand.payload)
    document: dict[str, Any] = parsed if isinstance(parsed, dict) else {}
    attributes = {"eventId": errand.event_id, "eventKind": errand.kind}
    attributes |= {
        name: str(document[key]) for name, key in _ATTRIBUTES.items() if document.get(key)
    }
    fifo = {"MessageGroupId": "devicewarden", "MessageDeduplicationId": errand.event_id}
    return {
        "TopicArn": topic_arn,
        "Subject": subject(errand.kind, document),
        "Message": errand.payload.decode(),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()
        },
        **(fifo if topic_arn.endswith(".fifo") else {}),
    }


def subject(kind: str, document: dict[str, Any]) -> str:
    """Say in one line of mail what happened where, and what it is about."""
    behavior = document.get("behavior")
    facts = (
        document.get("violationEventType") or document.get("findingEventType") or kind,
        document.get("severity"),
        document.get("checkName") or document.get("securityProfileName"),
        behavior.get("name") if isinstance(behavior, dict) else None,
    )
    text = f"{document.get('thingName', 'DeviceWarden')}: {' '.join(str(f) for f in facts if f)}"
    plain = "".join(each if each.isascii() and each.isprintable() else "?" for each in text)
    return plain[:LONGEST_SUBJECT]


def _translated(
    told: dict[str, Any], whole: str
) -> TemporaryDeliveryError | PermanentDeliveryError:
    if str(told.get("Code")).startswith(_NEVER_TAKEN):
        return PermanentDeliveryError(whole)
    return TemporaryDeliveryError(whole)


if __name__ == "__main__":
    perform(deliver)
