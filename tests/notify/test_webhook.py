"""The webhook: signed, believed by its status alone, and never led elsewhere."""

import asyncio
import base64
import json
import socket
from dataclasses import asdict
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.e2e.own_pki import AGES, DAY, OwnPki
from tests.notify.receiver import SECRET, Talk, answers, endlessly, hangs, receiving
from tests.state.scene import START

from devicewarden.config.notify_settings import WebhookSettings
from devicewarden.model.errors import (
    DeliveryError,
    PermanentDeliveryError,
    TemporaryDeliveryError,
)
from devicewarden.notify.child import ChildSink
from devicewarden.notify.errand import Errand
from devicewarden.notify.sink import Event
from devicewarden.notify.webhook import deliver, read_secret, signed, wait_asked

BODY = json.dumps({"violationEventType": "in-alarm", "thingName": "pümp"}).encode()
SHORT_S = 0.3


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    return file


def errand(url: str, secret: Path, **more: Any) -> Errand:
    settings = WebhookSettings("ops", url, str(secret), **more)
    return Errand(sink=asdict(settings), event_id="a1-in-alarm", kind="violation", payload=BODY)


def error_of(talk: Talk, secret: Path, **more: Any) -> DeliveryError:
    """Deliver to a receiver that talks so, and give what went wrong."""
    with receiving(talk) as receiver, pytest.raises(DeliveryError) as caught:
        deliver(errand(receiver.url, secret, **more))
    return caught.value


def test_the_signature_is_the_one_of_the_standard() -> None:
    # The test vector of Standard Webhooks.
    message = Errand(
        sink={},
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        kind="violation",
        payload=b'{"test": 2432232314}',
    )

    headers = signed(message, base64.b64decode(SECRET[6:]), 1614265330)

    assert headers == {
        "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "Webhook-Timestamp": "1614265330",
        "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "does not hold whsec_"),
        (SECRET[6:].encode(), "does not hold whsec_"),
        (b"whsec_c2hvcnQ=", "24 bytes or more"),
        (b"whsec_not base64!", "no secret in base64"),
        ("whsec_ü".encode(), "no secret in base64"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_secret_that_is_none_can_be_put_right(
    content: bytes | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(TemporaryDeliveryError, match=reason) as caught:
        read_secret(file)

    assert SECRET[6:] not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("120", 120),
        (format_datetime(START + DAY, usegmt=True), 86_400),
        (format_datetime(START - DAY, usegmt=True), 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("1.5", 0),
        ("²", 0),
    ],
)
def test_the_wait_that_is_asked_for_is_understood(text: str, wait_s: float) -> None:
    assert wait_asked(text, START.timestamp()) == wait_s


@given(st.text())
def test_any_text_asks_for_a_wait_or_none(text: str) -> None:
    assert wait_asked(text, 0) >= 0


@pytest.mark.e2e
def test_an_event_is_posted_as_it_is_with_its_id_and_signature(secret: Path) -> None:
    with receiving(answers("204 No Content")) as receiver:
        sent = errand(receiver.url, secret)
        deliver(sent)

    request = receiver.requests.get_nowait()
    assert request.line == "POST /hook?site=1 HTTP/1.1"
    assert request.body == BODY
    assert request.headers["devicewarden-event"] == "violation"
    assert request.headers["content-type"] == "application/json"
    expected = signed(sent, read_secret(secret), int(request.headers["webhook-timestamp"]))
    assert {name.lower(): text for name, text in expected.items()}.items() <= (
        request.headers.items()
    )


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("400 Bad Request", PermanentDeliveryError),
        ("413 Content Too Large", PermanentDeliveryError),
        ("415 Unsupported Media Type", PermanentDeliveryError),
        ("422 Unprocessable Content", PermanentDeliveryError),
        ("401 Unauthorized", TemporaryDeliveryError),
        ("404 Not Found", TemporaryDeliveryError),
        ("408 Request Timeout", TemporaryDeliveryError),
        ("425 Too Early", TemporaryDeliveryError),
        ("429 Too Many Requests", TemporaryDeliveryError),
        ("500 Internal Server Error", TemporaryDeliveryError),
        ("503 Service Unavailable", TemporaryDeliveryError),
        ("799 Strange", TemporaryDeliveryError),
    ],
)
def test_the_status_decides_on_another_attempt(
    status: str, expected: type[DeliveryError], secret: Path
) -> None:
    error = error_of(answers(status, body=b"no\x1b[2J such\nfield"), secret)

    assert type(error) is expected
    assert str(error) == f"answered {status}: no [2J such field"


@pytest.mark.e2e
def test_a_receiver_that_asks_for_patience_is_heard(secret: Path) -> None:
    error = error_of(answers("429 Too Many Requests", "Retry-After: 77"), secret)

    assert isinstance(error, TemporaryDeliveryError)
    assert error.after_s == 77


@pytest.mark.e2e
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_told_and_never_followed(status: int, secret: Path) -> None:
    with receiving(answers("204 No Content")) as elsewhere:
        error = error_of(answers(f"{status} Over there", f"Location: {elsewhere.url}"), secret)

    assert isinstance(error, TemporaryDeliveryError)
    assert str(error) == f"answered {status}: go to {elsewhere.url}"
    assert elsewhere.requests.empty()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        pytest.param(hangs, "no answer in time", id="nothing"),
        pytest.param(lambda _c, _o: None, "closed connection without response", id="hangs up"),
        pytest.param(endlessly(b"", b"x" * 4096), "not delivered", id="no line ever ends"),
        pytest.param(
            endlessly(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), "headers", id="headers without end"
        ),
        pytest.param(lambda c, _o: c.sendall(b"\x16\x03\x01\r\n\r\n"), "not delivered", id="noise"),
        pytest.param(
            endlessly(b"HTTP/1.1 500 Oh\r\nContent-Length: 10000000000\r\n\r\n", b"x" * 4096),
            "answered 500 Oh: xxx",
            id="10 GB",
        ),
        pytest.param(
            endlessly(b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n"),
            "answered 500 Oh: ",
            id="broken chunks",
        ),
    ],
)
def test_an_answer_without_end_or_sense_is_a_failure_that_may_pass(
    talk: Talk, reason: str, secret: Path
) -> None:
    error = error_of(talk, secret, timeout_s=SHORT_S)

    assert isinstance(error, TemporaryDeliveryError)
    assert reason in str(error)
    assert len(str(error)) < 250


@pytest.mark.e2e
def test_a_status_is_enough_where_the_body_never_comes(secret: Path) -> None:
    def talk(client: socket.socket, over: Any) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        over.wait()

    with receiving(talk) as receiver:
        deliver(errand(receiver.url, secret))

    assert receiver.requests.get_nowait().body == BODY


@pytest.mark.e2e
def test_a_receiver_that_sends_a_byte_now_and_then_is_given_up(secret: Path) -> None:
    with receiving(endlessly(b"HTTP/1.1 200 ", b"O", pause_s=0.1)) as receiver:
        settings = WebhookSettings("ops", receiver.url, str(secret), timeout_s=1.5)
        sink = ChildSink("webhook:ops", "devicewarden.notify.webhook", settings)

        with pytest.raises(TemporaryDeliveryError, match=r"not done within 1\.5 s"):
            asyncio.run(sink.deliver(Event(event_id="a", quiet=False, payload=BODY)))

    assert receiver.requests.get_nowait().body == BODY


@pytest.mark.e2e
def test_a_child_tells_the_daemon_what_it_was_answered(secret: Path) -> None:
    with receiving(answers("429 Too Many Requests", "Retry-After: 77")) as receiver:
        settings = WebhookSettings("ops", receiver.url, str(secret))
        sink = ChildSink("webhook:ops", "devicewarden.notify.webhook", settings)

        with pytest.raises(TemporaryDeliveryError, match="answered 429") as caught:
            asyncio.run(sink.deliver(Event(event_id="a", quiet=False, payload=BODY)))

    assert caught.value.after_s == 77


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("name", "begins", "expires", "reason"),
    [
        ("other.example", -DAY, AGES, "Hostname mismatch"),
        ("localhost", -3 * DAY, -DAY, "certificate has expired"),
    ],
)
def test_a_certificate_of_another_name_or_time_is_not_trusted(
    name: str, begins: Any, expires: Any, reason: str, secret: Path, tmp_path: Path
) -> None:
    pki = OwnPki(tmp_path)
    with (
        receiving(answers("204 No Content"), pki.issue(name, begins, expires)) as receiver,
        pytest.raises(TemporaryDeliveryError, match=reason) as caught,
    ):
        deliver(errand(f"https://localhost:{receiver.port}/", secret, ca_file=str(pki.ca_file)))

    assert "ca_file" in caught.value.hint
    assert receiver.requests.empty()


@pytest.mark.e2e
def test_a_ca_of_ones_own_is_trusted_where_it_is_named_and_only_there(
    secret: Path, tmp_path: Path
) -> None:
    pki = OwnPki(tmp_path)
    with receiving(answers("204 No Content"), pki.issue("localhost")) as receiver:
        url = f"https://localhost:{receiver.port}/"
        deliver(errand(url, secret, ca_file=str(pki.ca_file)))
        with pytest.raises(TemporaryDeliveryError, match="certificate is not trusted"):
            deliver(errand(url, secret))

    assert receiver.requests.get_nowait().body == BODY
    assert receiver.requests.empty()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://receiver.invalid/", "not delivered: "),
        ("http://127.0.0.1:1/", "Connection refused"),
    ],
)
def test_a_receiver_that_is_not_there_may_come(url: str, reason: str, secret: Path) -> None:
    with pytest.raises(TemporaryDeliveryError, match=reason):
        deliver(errand(url, secret))


@pytest.mark.e2e
def test_a_ca_file_that_holds_none_is_told(secret: Path) -> None:
    with pytest.raises(TemporaryDeliveryError, match="holds no CA"):
        deliver(errand("https://127.0.0.1:1/", secret, ca_file=str(secret)))
