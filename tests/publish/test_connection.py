"""Connection state, what it says to the operator, and secrets and presence messages."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devicewarden.model.errors import ConfigError, PermanentPublishError, TemporaryPublishError
from devicewarden.publish.connection import Connection
from devicewarden.publish.credentials import read_secret
from devicewarden.publish.diagnosis import Diagnosis, failure, of_error, of_reason, refusal
from devicewarden.publish.presence import presence

if TYPE_CHECKING:
    from devicewarden.publish.publisher import ConnectionState

START = datetime(2026, 1, 1, tzinfo=UTC)


def test_every_change_is_told_with_attempts_connects_and_the_last_error() -> None:
    told: list[ConnectionState] = []
    connection = Connection(told.append, lambda: START)

    connection.attempting()
    connection.failed(Diagnosis("cable out", "plug it in"))
    connection.attempting()
    connection.connected()
    connection.refused(Diagnosis("subscribe: not authorized", "policy"))
    connection.failed(Diagnosis("broker gone"))
    connection.stopped()

    assert [(s.state, s.attempts, s.connects, s.last_error, s.hint) for s in told] == [
        ("connecting", 1, 0, "", ""),
        ("connecting", 1, 0, "cable out", "plug it in"),
        ("connecting", 2, 0, "cable out", "plug it in"),
        ("connected", 0, 1, "", ""),
        ("connected", 0, 1, "subscribe: not authorized", "policy"),
        ("connecting", 0, 1, "broker gone", ""),
        ("stopped", 0, 1, "", ""),
    ]


def test_since_is_when_the_state_began_not_when_its_details_changed() -> None:
    ticks = count()
    connection = Connection(now=lambda: START + timedelta(seconds=next(ticks)))

    connection.attempting()
    began = connection.state.since
    connection.failed(Diagnosis("cable out"))
    connection.attempting()

    assert connection.state.since == began
    connection.connected()
    assert connection.state.since > began


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0x87, ("not authorized", "policy")),
        (0x8E, ("another client", "client id")),
        (0x95, ("too large", "report.max_bytes")),
        (0x86, ("password", "publish.password_file")),
        (0xFF, ("reason unknown", "")),
    ],
)
def test_reason_codes_are_explained(code: int, words: tuple[str, str]) -> None:
    why = of_reason("connection refused", code)

    assert words[0] in why.message
    assert f"0x{code:02X}" in why.message
    assert words[1] in why.hint


def test_reason_codes_and_errors_that_nobody_knows_are_said_as_they_are() -> None:
    assert of_reason("publish", None).message == "publish: the broker gave an unknown reason code"
    assert of_error("publish", "AWS_ERROR_NEW", "boo") == Diagnosis("publish: boo (AWS_ERROR_NEW)")


@pytest.mark.parametrize("code", [0x87, 0x90, 0x95, 0x99])
def test_what_would_be_refused_again_is_permanent(code: int) -> None:
    assert isinstance(refusal(code), PermanentPublishError)
    assert isinstance(failure("AWS_ERROR_MQTT5_PACKET_VALIDATION", ""), PermanentPublishError)


@pytest.mark.parametrize("code", [0x80, 0x83, 0x89, 0x97, None])
def test_what_may_pass_is_temporary(code: int | None) -> None:
    assert isinstance(refusal(code), TemporaryPublishError)
    assert isinstance(failure("AWS_ERROR_MQTT_TIMEOUT", ""), TemporaryPublishError)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"], ids=repr)
def test_one_newline_is_not_part_of_a_secret(tmp_path: Path, ending: str) -> None:
    (tmp_path / "pin").write_bytes(b" 12 34 " + ending.encode())

    assert read_secret(str(tmp_path / "pin"), "publish.pkcs11_pin_file") == " 12 34 "


@pytest.mark.parametrize(
    "content", [None, b"", b"\n", b"\xff", b"x" * 5000], ids=["missing", "", "\\n", "latin", "long"]
)
def test_a_secret_that_cannot_be_used_is_a_config_error(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "pin").write_bytes(content)

    with pytest.raises(ConfigError, match=r"publish\.pkcs11_pin_file: .*/pin") as caught:
        read_secret(str(tmp_path / "pin"), "publish.pkcs11_pin_file")

    assert caught.value.hint


def test_presence_is_a_small_json_object() -> None:
    message = json.loads(presence("edge-17", "offline", "lost"))

    assert message.pop("version")
    assert message == {"state": "offline", "reason": "lost", "thing": "edge-17"}
