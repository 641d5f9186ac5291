"""Do denials deny what they were meant to?

In policies `+` and `#` are themselves. A denial with one of them in a topic or topic filter denies
that very text, and nothing that it would match as a subscription.

And a denial of `topicfilter/x/*` leaves wider subscriptions alone: whoever may subscribe to `#`,
`+/y` or `x/#` gets the messages of `x/y`, unless Receive is denied as well.

Rule used for the second, for AWS's own is not published: a denial of Subscribe, conditional or not,
names a topic filter without `+` and `#`; a wider filter (its first levels and `#`, or `+` for one
or all of its levels) is allowed; and some topic under the denied filter may be received. Denials
under the same condition count as its other half. As MQTT has it, a filter that begins with a
wildcard does not match topics that begin with `$`. NotResource in a denial denies every wider
filter as well, and is not looked at.

Source: Device Defender guide, "AWS IoT policy potentially misconfigured".
"""

from collections.abc import Iterator
from typing import Final

from devicewarden.audit.policy.access import Access
from devicewarden.audit.policy.actions import names_action
from devicewarden.audit.policy.data_plane import ARN
from devicewarden.audit.policy.document import Statement
from devicewarden.audit.policy.fault import PolicyFault
from devicewarden.audit.policy.glob import RUN, Pattern, automaton, resource_pattern
from devicewarden.audit.policy.search import overlap

_MQTT: Final = frozenset("+#")
_FILTERS: Final = ":topicfilter/"
_TOPICS: Final = ":topic/"
_TOPIC_ACTIONS: Final = (
    "iot:Subscribe",
    "iot:Receive",
    "iot:Publish",
    "iot:RetainPublish",
    "iot:GetRetainedMessage",
)
_TOPIC_RESOURCES: Final = (Pattern((*ARN, *"topic/", RUN)), Pattern((*ARN, *"topicfilter/", RUN)))
_DEEPEST: Final = 8
"""Levels of a topic on AWS IoT; reserved topics have 3 more, which changes nothing here."""


def mqtt_wildcards_denied(access: Access) -> Iterator[PolicyFault]:
    """Find denials that rely on MQTT's wildcards.

    Raises:
        PolicyError: the wildcards take too many steps.
    """
    for place in access.places("Deny"):
        actions = [each for each in _TOPIC_ACTIONS if names_action(place.statement, each)]
        for resource in dict.fromkeys(place.statement.resources):
            if actions and _has_mqtt_wildcards(resource) and _names_topics(access, resource):
                yield place.fault(
                    "POLICY_CONTAINS_MQTT_WILDCARDS_IN_DENY_STATEMENT",
                    actions,
                    resource,
                    "denies only this literal text: policies read + and # as plain characters",
                    f'"Resource": "{resource.replace("#", "*").replace("+", "*")}"',
                )


def denied_less_than_meant(access: Access) -> Iterator[PolicyFault]:
    """Find denied topic filters whose messages still arrive through a wider subscription.

    Raises:
        PolicyError: the wildcards take too many steps.
    """
    for place in access.places("Deny"):
        if names_action(place.statement, "iot:Subscribe"):
            for resource in dict.fromkeys(place.statement.resources):
                if _leaks(access, place.statement, resource):
                    topics = resource.replace(_FILTERS, _TOPICS, 1)
                    yield place.fault(
                        "TOPIC_FILTERS_INTENDED_TO_DENY_ALLOWED_USING_WILDCARDS",
                        ["iot:Subscribe"],
                        resource,
                        "a wider subscription is allowed and still delivers these messages",
                        f'also deny "iot:Receive" on "Resource": "{topics}"',
                    )


def _leaks(access: Access, denial: Statement, resource: str) -> bool:
    if _FILTERS not in resource or _has_mqtt_wildcards(resource):
        return False
    topics = resource_pattern(resource.replace(_FILTERS, _TOPICS, 1))
    wider = [resource_pattern(each) for each in _wider(resource)]
    return _allowed(access, denial, "iot:Receive", [topics]) and _allowed(
        access, denial, "iot:Subscribe", wider
    )


def _allowed(access: Access, denial: Statement, action: str, resources: list[Pattern]) -> bool:
    probes = automaton(resources)
    denials = [
        place.statement
        for place in access.places("Deny")
        if names_action(place.statement, action)
        and place.statement.conditions in {(), denial.conditions}
    ]
    return any(
        access.reaches(grant, denials, probes)
        for grant in access.grants()
        if names_action(grant.statement, action)
    )


def _wider(resource: str) -> Iterator[str]:
    """Give subscriptions that match topics under a denied filter, as resources."""
    head, _, topic_filter = resource.partition(_FILTERS)
    levels = topic_filter.split("/")[:_DEEPEST]
    first = 1 if topic_filter.startswith("$") else 0
    for kept in range(first, len(levels)):
        yield f"{head}{_FILTERS}{'/'.join([*levels[:kept], '#'])}"
        yield f"{head}{_FILTERS}{'/'.join([*levels[:kept], '+', *levels[kept + 1 :]])}"
    yield f"{head}{_FILTERS}{'/'.join([*levels[:first], *('+' for _ in levels[first:])])}"


def _has_mqtt_wildcards(resource: str) -> bool:
    return any(token in _MQTT for token in resource_pattern(resource).tokens)


def _names_topics(access: Access, resource: str) -> bool:
    pattern = resource_pattern(resource)
    return any(overlap(pattern, topics, access.effort) for topics in _TOPIC_RESOURCES)
