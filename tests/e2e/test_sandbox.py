"""The sandbox as devices meet it: a real Mosquitto with mutual TLS, and the endpoint's answers."""

import json
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING

import cbor2
import pytest

from devicewarden.model.errors import AgentError
from devicewarden.sandbox.broker import find_mosquitto
from devicewarden.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.e2e.conftest import Device

pytestmark = pytest.mark.e2e
Connect = Callable[[str], "Device"]
JSON_TOPIC = "$aws/things/edge-1/defender/metrics/json"
CBOR_TOPIC = "$aws/things/edge-1/defender/metrics/cbor"
VALID = {"header": {"report_id": 5, "version": "1.0"}, "metrics": {}}


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def test_valid_report_is_accepted(sandbox: Sandbox, connect: Connect) -> None:
    watch = sandbox.watch()
    device = connect("edge-1")

    device.report(5)

    reply = device.reply()
    assert (reply["thingName"], reply["reportId"], reply["status"]) == ("edge-1", 5, "ACCEPTED")
    assert watch.get(timeout=10).verdict == "accepted"
    assert [received.thing for received in sandbox.received] == ["edge-1"]


def test_reply_to_cbor_is_cbor_on_its_own_topic(connect: Connect) -> None:
    device = connect("edge-1")

    device.publish(CBOR_TOPIC, cbor2.dumps({"hed": {"rid": 5, "v": "1.0"}, "met": {}}))

    message = device.messages.get(timeout=10)
    assert message.topic == f"{CBOR_TOPIC}/accepted"
    assert cbor2.loads(message.payload)["reportId"] == 5


@pytest.mark.parametrize(
    "payload", [b"not json", b"", b"\x00\xff", encoded({**VALID, "header": {}})], ids=repr
)
def test_invalid_report_is_rejected(sandbox: Sandbox, connect: Connect, payload: bytes) -> None:
    device = connect("edge-1")

    device.publish(JSON_TOPIC, payload)

    message = device.messages.get(timeout=10)
    assert message.topic == f"{JSON_TOPIC}/rejected"
    assert json.loads(message.payload)["statusDetails"]["ErrorCode"] == "InvalidPayload"
    assert sandbox.received[0].reasons


def test_report_that_comes_twice_is_rejected_once(connect: Connect) -> None:
    device = connect("edge-1")

    device.report(5)
    device.report(5)

    assert [device.reply()["status"] for _ in range(2)] == ["ACCEPTED", "REJECTED"]


def test_things_do_not_share_report_ids(connect: Connect) -> None:
    devices = [connect("edge-1"), connect("edge-2")]

    for device in devices:
        device.report(5)

    assert [device.reply()["status"] for device in devices] == ["ACCEPTED", "ACCEPTED"]


@pytest.mark.parametrize(
    "topic",
    [
        "$aws/things/edge-2/defender/metrics/json",
        f"{JSON_TOPIC}/accepted",
        "$aws/things/edge-1/defender/metrics/xml",
        "devicewarden/edge-2/metrics/json",
        "anything",
    ],
)
def test_policy_refuses_every_other_topic(sandbox: Sandbox, connect: Connect, topic: str) -> None:
    device = connect("edge-1")

    answer = device.publish(topic, encoded(VALID))

    assert answer == "Not authorized"
    assert sandbox.received == ()


def test_device_does_not_hear_the_replies_to_another_thing(connect: Connect) -> None:
    curious, other = connect("edge-1"), connect("edge-2")
    curious.subscribe("$aws/things/edge-2/defender/metrics/json/accepted")
    curious.subscribe("#")

    other.report(5)
    other.reply()
    curious.report(6)

    assert curious.reply()["thingName"] == "edge-1"


def test_device_may_use_its_own_topics(connect: Connect) -> None:
    device = connect("edge-1")
    device.subscribe("devicewarden/edge-1/#")

    answer = device.publish("devicewarden/edge-1/presence", b"here")

    assert answer == "Success"
    assert device.messages.get(timeout=10).payload == b"here"


def test_violation_is_heard_at_the_endpoint_and_other_messages_are_not(
    sandbox: Sandbox, connect: Connect
) -> None:
    heard, reports = sandbox.watch_violations(), sandbox.watch()
    device = connect("edge-1")

    device.publish("devicewarden/edge-1/presence", b"{}")
    device.publish("devicewarden/edge-1/violations", b"no JSON")
    device.publish("devicewarden/edge-1/violations", encoded({"violationEventType": "in-alarm"}))

    told = heard.get(timeout=10)
    assert (told.topic, told.kind) == ("devicewarden/edge-1/violations", "in-alarm")
    assert heard.empty()
    assert reports.empty()


def test_client_without_a_certificate_is_refused(sandbox: Sandbox) -> None:
    trusting = ssl.create_default_context(cafile=sandbox.ca_file)

    with (
        socket.create_connection(("localhost", sandbox.port), timeout=10) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"),
        trusting.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        # In TLS 1.3 the server's refusal comes after the client's handshake is done.
        connection.recv(1)


def test_certificate_of_another_sandbox_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    stranger = Sandbox(tmp_path / "other", lambda _p, _f: []).credentials("edge-1")
    context = ssl.create_default_context(cafile=sandbox.ca_file)
    context.load_cert_chain(stranger.cert_file, stranger.key_file)

    with (
        socket.create_connection(("localhost", sandbox.port), timeout=10) as plain,
        pytest.raises(OSError, match=r"(?i)unknown.ca|reset|certificate"),
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.recv(1)


def test_largest_payload_of_aws_passes_and_a_larger_one_disconnects(
    sandbox: Sandbox, connect: Connect
) -> None:
    watch = sandbox.watch()
    device = connect("edge-1")

    device.send(JSON_TOPIC, b" " * 128 * 1024)
    assert len(watch.get(timeout=10).payload) == 128 * 1024
    device.send(JSON_TOPIC, b" " * 129 * 1024)

    assert device.happened.get(timeout=10) == "disconnected"
    assert len(sandbox.received) == 1


def test_two_sandboxes_run_side_by_side(sandbox: Sandbox, tmp_path: Path) -> None:
    with Sandbox(tmp_path / "other", lambda _p, _f: []) as other:
        ports = {sandbox.port, sandbox.broker.port, other.port, other.broker.port}

    assert len(ports) == 4
    assert sandbox.broker.running
    assert not other.broker.running


def test_sandbox_can_be_used_again_in_its_directory(tmp_path: Path) -> None:
    for _ in range(2):
        with Sandbox(tmp_path, lambda _p, _f: []) as sandbox:
            config = sandbox.write_config("edge-1", {"report": {"format": "cbor"}})

    assert f"port = {sandbox.port}" in config.read_text()
    assert 'format = "cbor"' in config.read_text()


def test_stopped_sandbox_accepts_nobody(tmp_path: Path) -> None:
    with Sandbox(tmp_path, lambda _p, _f: []) as sandbox:
        ports = [sandbox.port, sandbox.broker.port]

    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("localhost", port), timeout=10)
    with pytest.raises(Empty):
        sandbox.watch().get_nowait()


@pytest.mark.parametrize("name", ["", "a/b", "+", "x" * 65, "device-defender", "../up"])
def test_name_that_no_thing_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(AgentError, match="cannot be the name") as caught:
        Sandbox(tmp_path, lambda _p, _f: [], (name,))

    assert "1 to 64" in caught.value.hint


def test_missing_mosquitto_is_answered_with_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(AgentError, match="not installed") as caught:
        find_mosquitto([str(tmp_path)])

    assert caught.value.hint == "apt-get install mosquitto"


def test_mosquitto_that_ends_at_once_is_quoted(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path, lambda _p, _f: [])
    sandbox.ca_file.write_text("no certificate")

    with pytest.raises(AgentError, match=r"Mosquitto ended at once: .*\w") as caught:
        sandbox.start()

    assert "mosquitto.log" in caught.value.hint
    assert not sandbox.broker.running
