"""A running sandbox, agents, and devices that are no agents, for tests marked e2e."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from tests.e2e.agent_process import AgentProcess

from devicewarden.cli.judge import load_judge
from devicewarden.sandbox.agent_config import Section, merge
from devicewarden.sandbox.sandbox import Sandbox

WAIT_S = 10.0
QUICK: Mapping[str, Section] = {
    "report": {"interval_s": 1},
    "publish": {
        "reply_timeout_s": 0.8,
        "ack_timeout_s": 1,
        "connect_timeout_s": 5,
        "first_wait_s": 0.1,
        "max_wait_s": 0.5,
    },
    "log": {"format": "json"},
}


class Device:
    """A thing with its own certificate that publishes what a test wants; never reconnects."""

    def __init__(self, sandbox: Sandbox, thing: str) -> None:
        self.thing = thing
        self.happened: SimpleQueue[str] = SimpleQueue()
        self.messages: SimpleQueue[MQTTMessage] = SimpleQueue()
        self._answers: SimpleQueue[ReasonCode] = SimpleQueue()
        self._port = sandbox.port
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=thing,
            protocol=MQTTv5,
            reconnect_on_failure=False,
        )
        credentials = sandbox.credentials(thing)
        self._client.tls_set(
            str(sandbox.ca_file), str(credentials.cert_file), str(credentials.key_file)
        )
        self._client.connect_timeout = WAIT_S
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = lambda _client, _data, message: self.messages.put(message)

    def connect(self) -> None:
        """Connect, and subscribe to both replies of both formats; OSError if that fails."""
        self._client.connect("localhost", self._port)
        self._client.loop_start()
        happened = self.happened.get(timeout=WAIT_S)
        if happened != "connected":
            raise ConnectionError(happened)
        for wire_format in ("json", "cbor"):
            self.subscribe(f"$aws/things/{self.thing}/defender/metrics/{wire_format}/+")

    def subscribe(self, topic_filter: str) -> None:
        self._client.subscribe(topic_filter, qos=1)
        self._answers.get(timeout=WAIT_S)

    def send(self, topic: str, payload: bytes) -> None:
        """Publish and do not wait."""
        self._client.publish(topic, payload, qos=1)

    def publish(self, topic: str, payload: bytes) -> str:
        """Publish and wait for the broker's answer: its name in MQTT 5."""
        self.send(topic, payload)
        return self.acknowledgement()

    def report(self, report_id: int) -> None:
        """Publish a small valid JSON report."""
        self.publish(f"$aws/things/{self.thing}/defender/metrics/json", a_report(report_id))

    def acknowledgement(self) -> str:
        return str(self._answers.get(timeout=WAIT_S))

    def reply(self) -> Any:
        """The next reply, parsed as JSON."""
        return json.loads(self.messages.get(timeout=WAIT_S).payload)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _p: Any
    ) -> None:
        self.happened.put(str(code) if code.is_failure else "connected")

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, _code: ReasonCode, _p: Any
    ) -> None:
        self.happened.put("disconnected")

    def _on_publish(
        self, _client: Client, _data: Any, _mid: int, code: ReasonCode, _p: Properties
    ) -> None:
        self._answers.put(code)

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _p: Any
    ) -> None:
        self._answers.put(codes[0])


def a_report(report_id: int) -> bytes:
    document = {"header": {"report_id": report_id, "version": "1.0"}, "metrics": {}}
    return json.dumps(document).encode()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """AWS IoT Core's stand-in with the things edge-1 and edge-2."""
    # Not tmp_path: the agent's unix socket lies in it, and its path has to be short.
    with (
        TemporaryDirectory() as folder,
        Sandbox(Path(folder), load_judge(), ("edge-1", "edge-2")) as running,
    ):
        yield running


@pytest.fixture
def config(sandbox: Sandbox) -> Callable[..., Path]:
    """Write the configuration of edge-1, with quick waits and these changes."""

    def write(changes: Mapping[str, Section] | None = None, more: str = "") -> Path:
        path = sandbox.write_config("edge-1", merge(QUICK, changes or {}))
        path.write_text(path.read_text() + more)
        return path

    return write


@pytest.fixture
def agent() -> Iterator[Callable[..., AgentProcess]]:
    """Start the daemon with a configuration file; all are ended in the end."""
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(AgentProcess(*args, **options))


@pytest.fixture
def connect(sandbox: Sandbox) -> Iterator[Callable[[str], Device]]:
    """Connect a device by the name of its thing; all are closed in the end."""
    with ExitStack() as stack:
        yield partial(_connect, sandbox, stack)


def _connect(sandbox: Sandbox, stack: ExitStack, thing: str) -> Device:
    device = Device(sandbox, thing)
    stack.callback(device.close)
    device.connect()
    return device
