"""Violations told to people."""

import json
from typing import Any

import click
import pytest

from devicewarden.sandbox.narrate_alarm import tell_alarm, tell_cleared
from devicewarden.sandbox.told import Told, read_told

OWNER = {
    "port": 2323,
    "pid": 4711,
    "uid": 1000,
    "user": "pi",
    "programs": ["nc.traditional"],
    "command_line": "nc -l -p 2323",
}
TOPIC = "devicewarden/edge-1/violations"


def told(kind: str = "in-alarm", owners: list[dict[str, Any]] | None = None) -> Told:
    document = {
        "violationEventType": kind,
        "violationId": "0f6a",
        "behavior": {
            "name": "no-telnet",
            "metric": "aws:listening-tcp-ports",
            "criteria": {"comparisonOperator": "not-in-port-set", "value": {"ports": [23, 2323]}},
        },
        "metricValue": {"ports": [22, 2323]},
        "context": {"offending": [2323], "owners": [OWNER] if owners is None else owners},
    }
    message = read_told(TOPIC, json.dumps(document).encode(), 5.0)
    assert message is not None
    return message


def lines(*, of: Told) -> list[str]:
    return [" ".join(click.unstyle(line).split()) for line in tell_alarm(of, 0.514)]


@pytest.mark.parametrize(
    "line",
    [
        f"told in-alarm 0.51 s after the port was open, on {TOPIC}",
        "expected aws:listening-tcp-ports not-in-port-set 23, 2323 (no-telnet)",
        "found 2323 among 22, 2323",
        "program nc.traditional, pid 4711",
        "command nc -l -p 2323",
        "user pi",
    ],
)
def test_alarm_tells_what_happened_and_who_did_it(line: str) -> None:
    assert line in lines(of=told())


def test_user_without_a_name_is_told_by_number() -> None:
    owner = {name: value for name, value in OWNER.items() if name != "user"}

    assert "user 1000" in lines(of=told(owners=[owner]))


def test_alarm_without_an_owner_says_so() -> None:
    assert "program not told, pid not told" in lines(of=told(owners=[]))


def test_name_of_a_hostile_program_does_not_reach_the_terminal() -> None:
    owner = {**OWNER, "programs": ["\x1b]0;owned\x07"], "user": "\x1b[2J"}

    shown = lines(of=told(owners=[owner]))

    assert "program ?]0;owned?, pid 4711" in shown
    assert not any("\x1b" in line for line in shown)


def test_end_of_an_alarm_tells_how_long_it_took() -> None:
    last = list(tell_cleared(told("alarm-cleared"), 1.0))[-1]

    assert f"alarm-cleared 1.00 s after that, on {TOPIC}" in click.unstyle(last)


@pytest.mark.parametrize(
    "payload", [b"", b"\xff", b"[]", b"[" * 100_000], ids=["empty", "no text", "list", "deep"]
)
def test_message_that_is_no_object_is_none(payload: bytes) -> None:
    assert read_told(TOPIC, payload, 0.0) is None
