"""The section `notify` of the settings: sinks beside the log and MQTT."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from devicewarden.config.knob import knob

EventKind: TypeAlias = Literal["violation", "finding", "audit", "action"]

ALL_EVENTS: tuple[EventKind, ...] = ("violation", "finding", "audit", "action")

_NAME = {"doc": "its own among its kind: 1 to 64 of a-z A-Z 0-9 _ -; it names the queue"}
_EVENTS = "kinds of events it is told"
_SEVERITY = "least severity of findings it is told; other kinds have none"


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Each event is an HTTP POST, signed as Standard Webhooks has it."""

    name: str = field(metadata=_NAME)
    url: str = field(metadata={"doc": "https URL; http to loopback alone"})
    secret_file: str = field(
        metadata={
            "doc": "file with whsec_ and the shared secret in base64, readable by its owner alone",
            "path": "secret",
        }
    )
    ca_file: str = knob(
        "", "PEM file with the receiver's CA; empty: the system's trust store", path="file"
    )
    timeout_s: float = knob(15.0, "an attempt is given up after this time", minimum=1, maximum=50)
    events: tuple[EventKind, ...] = knob(ALL_EVENTS, _EVENTS)
    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"] = knob("LOW", _SEVERITY)


@dataclass(frozen=True, slots=True)
class CommandSettings:
    """Each event is one run of a command, with the JSON document on its standard input."""

    name: str = field(metadata=_NAME)
    argv: tuple[str, ...] = field(metadata={"doc": "program and arguments; never a shell"})
    timeout_s: float = knob(
        30.0, "the command and all it started are killed after this time", minimum=1, maximum=50
    )
    events: tuple[EventKind, ...] = knob(ALL_EVENTS, _EVENTS)
    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"] = knob("LOW", _SEVERITY)


@dataclass(frozen=True, slots=True)
class SnsSettings:
    """Each event is a message to an SNS topic; needs the extra aws."""

    name: str = field(metadata=_NAME)
    topic_arn: str = field(metadata={"doc": "ARN of the topic, whose region is the one asked"})
    timeout_s: float = knob(30.0, "an attempt is given up after this time", minimum=1, maximum=50)
    events: tuple[EventKind, ...] = knob(ALL_EVENTS, _EVENTS)
    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"] = knob("LOW", _SEVERITY)


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Who is told of events besides the log and the broker; see docs/sinks.md."""

    webhooks: tuple[WebhookSettings, ...] = knob((), "receivers of HTTP POST requests")
    commands: tuple[CommandSettings, ...] = knob((), "commands that are run")
    sns: tuple[SnsSettings, ...] = knob((), "topics of Amazon SNS")
