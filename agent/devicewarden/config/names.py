"""Rules for names: the thing, its client id, topics and custom metrics."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from devicewarden.config.fault import Fault, did_you_mean, shown
from devicewarden.config.settings import BUILT_IN_METRICS, Settings

AWS_LONGEST_NAME_BYTES: Final = 128
_METRIC_NAME: Final = re.compile(r"[a-zA-Z0-9:_-]{1,128}")


def thing_name(settings: Settings) -> Iterator[Fault]:
    """A thing name is one level of a topic.

    Source: AWS IoT Core endpoints and quotas: names of things and client ids have 1 to 128 bytes.
    """
    name = settings.thing.name
    yield from _name("thing.name", name)
    if set(name) & set("+#/"):
        yield Fault.at(
            "thing.name", message=f"must not contain any of + # /, as {shown(name)} does"
        )


def client_id(settings: Settings) -> Iterator[Fault]:
    """A client id that is the thing name was judged as such."""
    if settings.thing.client_id != settings.thing.name:
        yield from _name("thing.client_id", settings.thing.client_id)


def topics(settings: Settings) -> Iterator[Fault]:
    """A topic that is published to has no wildcards, and only what we can fill in."""
    publish = settings.publish
    yield from _topic("publish.topic", publish.topic, ("{thing}", "{format}"))
    yield from _topic("publish.presence_topic", publish.presence_topic, ("{thing}",))
    yield from _topic("detect.topic", settings.detect.topic, ("{thing}",))
    if not settings.detect.topic:
        yield Fault.at("detect.topic", message="must not be empty")
    yield from _topic("audit.topic", settings.audit.topic, ("{thing}",))
    yield from _topic("audit.completed_topic", settings.audit.completed_topic, ("{thing}",))
    yield from _topic("mitigate.topic", settings.mitigate.topic, ("{thing}",))


def known_built_ins(settings: Settings) -> Iterator[Fault]:
    """Only metrics that exist can be sent."""
    for index, name in enumerate(settings.custom_metrics.built_in):
        if name not in BUILT_IN_METRICS:
            yield Fault(
                (("custom_metrics", "built_in", index),),
                f"{shown(name)} is no built-in metric",
                did_you_mean(name, list(BUILT_IN_METRICS))
                or f"one of {', '.join(BUILT_IN_METRICS)}",
            )


def commands(settings: Settings) -> Iterator[Fault]:
    """A command has a program, and a metric name of its own.

    Source: AWS IoT CreateCustomMetric: `[a-zA-Z0-9:_-]{1,128}`, and the prefix `aws:` is reserved.
    """
    custom = settings.custom_metrics
    taken = Counter([*custom.built_in, *(command.name for command in custom.commands)])
    for index, command in enumerate(custom.commands):
        path = ("custom_metrics", "commands", index)
        if not _METRIC_NAME.fullmatch(command.name) or command.name.startswith("aws:"):
            yield Fault(
                ((*path, "name"),),
                f"{shown(command.name)} is no name for a custom metric",
                "1 to 128 of a-z A-Z 0-9 : _ -, not beginning with aws:",
            )
        elif taken[command.name] > 1:
            yield Fault(((*path, "name"),), f"{shown(command.name)} is the name of two metrics")
        if not command.argv or not command.argv[0]:
            yield Fault(((*path, "argv"),), "must begin with a program")


def _name(key: str, name: str) -> Iterator[Fault]:
    if not name:
        yield Fault.at(key, message="is empty, and this host has no name", hint=f"set {key}")
    if not name.isprintable():
        yield Fault.at(key, message=f"must have printable characters alone, not {shown(name)}")
    if len(name.encode(errors="replace")) > AWS_LONGEST_NAME_BYTES:
        yield Fault.at(key, message=f"must have at most {AWS_LONGEST_NAME_BYTES} bytes")


def _topic(key: str, topic: str, fields: tuple[str, ...]) -> Iterator[Fault]:
    rest = topic
    for field in fields:
        rest = rest.replace(field, "")
    if "{" in rest or "}" in rest:
        yield Fault.at(key, message=f"may contain {' and '.join(fields)}, and no other braces")
    if "+" in rest or "#" in rest:
        yield Fault.at(key, message="must not contain the wildcards + and #")
