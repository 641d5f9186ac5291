"""Sinks that a child process serves: which events they are told, and what the child answers."""

import json
from dataclasses import replace
from typing import Any

import pytest

from devicewarden.config.notify_settings import (
    CommandSettings,
    NotifySettings,
    SnsSettings,
    WebhookSettings,
)
from devicewarden.config.settings import PublishSettings, Settings
from devicewarden.model.errors import PermanentDeliveryError, TemporaryDeliveryError
from devicewarden.notify.child import wanted
from devicewarden.notify.errand import understand
from devicewarden.notify.registry import open_sinks, sink_names
from devicewarden.notify.sink import Event

SETTINGS = replace(
    Settings(),
    notify=NotifySettings(
        webhooks=(WebhookSettings("ops", "https://ops.example/", "/secret"),),
        commands=(CommandSettings("siren", ("siren",)), CommandSettings("lamp", ("lamp",))),
        sns=(SnsSettings("ops", "arn:aws:sns:eu-central-1:123456789012:alarms"),),
    ),
)
NAMES = ("webhook:ops", "command:siren", "command:lamp", "sns:ops")


def test_each_sink_has_a_queue_of_its_own() -> None:
    opened = tuple(sink.name for sink in open_sinks(SETTINGS, None))

    assert opened == sink_names(SETTINGS) == ("log", *NAMES)
    with_broker = replace(SETTINGS, publish=PublishSettings(endpoint="broker.example"))
    assert sink_names(with_broker) == ("log", "mqtt", *NAMES)


@pytest.mark.parametrize(
    ("kind", "document", "expected"),
    [
        ("violation", {}, False),
        ("finding", {"severity": "CRITICAL"}, True),
        ("finding", {"severity": "HIGH"}, True),
        ("finding", {"severity": "MEDIUM"}, False),
        ("finding", {"severity": "UNHEARD OF"}, True),
        ("finding", {}, True),
        ("finding", [], True),
        ("audit", {"severity": "LOW"}, True),
    ],
)
def test_a_sink_is_told_the_kinds_and_severities_it_wants(
    kind: Any,
    document: object,
    expected: bool,  # noqa: FBT001  a row
) -> None:
    settings = CommandSettings("x", ("x",), events=("finding", "audit"), severity="HIGH")
    event = Event(event_id="a", quiet=False, payload=json.dumps(document).encode(), kind=kind)

    assert wanted(event, settings) is expected


@pytest.mark.parametrize("answer", [b"", b"{", b"\xff"])
def test_a_child_that_crashes_may_do_better_next_time(answer: bytes) -> None:
    with pytest.raises(TemporaryDeliveryError, match="the delivery failed: MemoryError"):
        understand(answer, b"Traceback ...\nMemoryError\n")


def test_what_a_child_answers_is_raised() -> None:
    failure = {"done": False, "permanent": False, "error": "away", "hint": "wait", "after_s": 9}

    understand(b'{"done": true}', b"")
    with pytest.raises(PermanentDeliveryError, match="away"):
        understand(json.dumps({**failure, "permanent": True}).encode(), b"")
    with pytest.raises(TemporaryDeliveryError) as caught:
        understand(json.dumps(failure).encode(), b"")
    assert (str(caught.value), caught.value.hint, caught.value.after_s) == ("away", "wait", 9)
