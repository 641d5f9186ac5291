"""The AWS IoT policy that a device needs for what its settings make it do, and not a word more.

Source: AWS IoT Core developer guide, "Policy actions", "Thing policy variables"; retained messages
and last wills want `iot:RetainPublish`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from devicewarden.config.fault import shown
from devicewarden.config.knobs import knobs, value_of
from devicewarden.config.settings import Settings
from devicewarden.model.errors import ConfigError
from devicewarden.publish.request_topics import request_topics
from devicewarden.publish.topics import presence_topic, report_topics

THING_NAME: Final = "${iot:Connection.Thing.ThingName}"
ACCOUNT: Final = "ACCOUNT"
REGION: Final = "REGION"
"""They stand where account and region are not known."""

_ENDPOINT: Final = re.compile(r".+\.iot\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_EVENT_TOPICS: Final = frozenset({"topic", "completed_topic"})
_PARTITIONS: Final = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
_NAME: Final = re.compile(r"[a-zA-Z0-9:_-]{1,128}")


class Account(NamedTuple):
    """Whose resources a policy names; `number` has 12 digits."""

    region: str = REGION
    number: str = ACCOUNT

    def arn(self, resource: str) -> str:
        """Write the name of a resource of AWS IoT."""
        partitions = (p for start, p in _PARTITIONS.items() if self.region.startswith(start))
        return f"arn:{next(partitions, 'aws')}:iot:{self.region}:{self.number}:{resource}"


def region_of(endpoint: str) -> str:
    """Read the region from the name of an AWS endpoint; REGION where it is another."""
    found = _ENDPOINT.fullmatch(endpoint.lower().rstrip("."))
    return found[1] if found else REGION


def has_variables(settings: Settings) -> bool:
    """Tell whether one policy can serve every device: AWS finds the thing by the client id."""
    return settings.thing.client_id == settings.thing.name


def device_policy(settings: Settings, account: Account, *, literal: bool) -> dict[str, Any]:
    """Write the policy document.

    Args:
        settings: name thing, client id, topics and encoding.
        account: whose resources.
        literal: name this thing; else whichever thing the certificate is attached to.

    Raises:
        ConfigError: names that AWS would not take, or, in a policy, would take for patterns.
    """
    _check_names(settings)
    thing = settings.thing.name if literal else THING_NAME
    topics = report_topics(settings.publish, thing=thing, encoding=settings.report.format)
    presence = presence_topic(settings.publish, thing=thing)
    asked = request_topics(settings, thing)
    published = [topics.report, *_event_topics(settings, thing), *filter(None, [presence])]
    published += asked.published
    replies = [topic for topic in (topics.accepted, topics.rejected) if topic]
    statements = [
        _connect(settings, account, literal=literal),
        _allow("iot:Publish", account, "topic", published),
        _allow("iot:RetainPublish", account, "topic", [presence] if presence else []),
        _allow("iot:Subscribe", account, "topicfilter", [*replies, *asked.subscribed]),
        _allow("iot:Receive", account, "topic", [*replies, *asked.received]),
    ]
    return {"Version": "2012-10-17", "Statement": [s for s in statements if s["Resource"]]}


def _connect(settings: Settings, account: Account, *, literal: bool) -> dict[str, Any]:
    client = settings.thing.client_id if literal else THING_NAME
    statement = _allow("iot:Connect", account, "client", [client])
    if not literal:
        attached = {"iot:Connection.Thing.IsAttached": "true"}
        statement["Condition"] = {"Bool": attached}
    return statement


def _event_topics(settings: Settings, thing: str) -> Sequence[str]:
    """Fill in the topics of the sections that tell events, unless one is switched off."""
    found = []
    for knob in knobs():
        if knob.section == "publish" or knob.name not in _EVENT_TOPICS:
            continue
        topic = value_of(settings, knob)
        if topic and getattr(getattr(settings, knob.section), "enabled", True):
            found.append(topic.replace("{thing}", thing))
    return found


def _allow(action: str, account: Account, kind: str, names: Sequence[str]) -> dict[str, Any]:
    resources = [account.arn(f"{kind}/{name}") for name in names]
    return {"Effect": "Allow", "Action": action, "Resource": resources}


def _check_names(settings: Settings) -> None:
    names: Mapping[str, str] = {
        "thing.name": settings.thing.name,
        "thing.client_id": settings.thing.client_id,
    }
    for key, name in names.items():
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{key}: {shown(name)} is no name for AWS IoT",
                hint="use 1 to 128 of a-z A-Z 0-9 : _ -",
            )
