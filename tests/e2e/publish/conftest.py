"""Publishers that are watched, a Mosquitto of any configuration, and a broker made for faults."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal, TypeVar

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import PublishError
from devicewarden.publish.awscrt_mqtt import AwsCrtPublisher
from devicewarden.publish.paho_mqtt import PahoPublisher
from devicewarden.publish.publisher import ConnectionState, Publisher
from devicewarden.sandbox.pki import Authority

T = TypeVar("T")
HOST = "127.0.0.1"
DEADLINE_S = 20.0
# Debian keeps it where an ordinary user's PATH does not look.
MOSQUITTO = shutil.which("mosquitto", path=f"{os.defpath}:/usr/sbin:/usr/local/sbin") or "mosquitto"


class Watched:
    """A publisher whose changes a test can wait for."""

    def __init__(
        self, settings: PublishSettings, thing: str = "edge-1", library: str = "awscrt"
    ) -> None:
        self.states: list[ConnectionState] = []
        self._changed = asyncio.Event()
        kind = PahoPublisher if library == "paho" else AwsCrtPublisher
        self._publisher: Publisher = kind(settings, thing, thing, on_change=self._note)
        self.subscribe = self._publisher.subscribe
        self.start = self._publisher.start
        self.ready = self._publisher.ready
        self.publish = self._publisher.publish
        self.stop = self._publisher.stop

    @property
    def connection(self) -> ConnectionState:
        return self._publisher.connection

    def _note(self, state: ConnectionState) -> None:
        self.states.append(state)
        self._changed.set()

    async def until(
        self, claim: Callable[[ConnectionState], bool], within_s: float = DEADLINE_S
    ) -> ConnectionState:
        """Wait for a state of which the claim holds; those of the past do not count."""
        async with asyncio.timeout(within_s):
            while not claim(self.connection):
                self._changed.clear()
                await self._changed.wait()
        return self.connection

    async def is_ready(self) -> bool:
        """Whether `ready` returns at once."""
        waiting = asyncio.ensure_future(self.ready())
        await asyncio.sleep(0)
        return waiting.done() or not waiting.cancel()

    async def failure(self, within_s: float = DEADLINE_S) -> ConnectionState:
        """Wait until an attempt or a connection failed."""
        return await self.until(lambda s: s.state != "connected" and bool(s.last_error), within_s)

    @asynccontextmanager
    async def started(self) -> AsyncIterator["Watched"]:
        """Start, and stop in the end."""
        await self.start()
        try:
            yield self
        finally:
            await self.stop()

    async def publish_once(self) -> None:
        """Start, publish one message and stop."""
        async with self.started():
            await asyncio.wait_for(self.ready(), DEADLINE_S)
            await self.publish("report", b"report", qos=1)

    async def error(self, payload: bytes = b"report") -> PublishError:
        """Publish what is expected to fail."""
        with pytest.raises(PublishError) as caught:
            await self.publish("report", payload, qos=1)
        return caught.value


class Mosquitto:
    """One broker process that can be killed, held and started again on its port."""

    def __init__(self, directory: Path, configuration: str) -> None:
        directory.mkdir(exist_ok=True)
        with socket.create_server((HOST, 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self._directory = directory
        user = "user root\n" if os.geteuid() == 0 else ""
        text = f"{user}allow_anonymous true\nlistener {self.port} {HOST}\n{configuration}"
        (directory / "mosquitto.conf").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._directory / "log").open("ab") as log:
            argv = [MOSQUITTO, "-v", "-c", str(self._directory / "mosquitto.conf")]
            self._process = subprocess.Popen(argv, stdout=log, stderr=log)  # noqa: S603  our argv
        deadline = time.monotonic() + DEADLINE_S
        while not self._listens():
            assert time.monotonic() < deadline, (self._directory / "log").read_text()
            threading.Event().wait(0.02)

    def kill(self) -> None:
        """End it without a word to its clients; sessions and retained messages are gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hold(self) -> None:
        """Freeze it: the kernel still takes bytes for it, and nobody answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def _listens(self) -> bool:
        try:
            socket.create_connection((HOST, self.port), timeout=1).close()
        except OSError:
            return False
        return True


class Watcher:
    """Another client on a plain port: it sees topics and publishes whatever a test wants."""

    def __init__(self, port: int, *topic_filters: str) -> None:
        self.messages: SimpleQueue[tuple[str, bytes, bool]] = SimpleQueue()
        subscribed = threading.Event()
        self.client = Client(CallbackAPIVersion.VERSION2, client_id="watcher", protocol=MQTTv5)
        self.client.on_message = lambda _client, _data, message: self.messages.put(
            (message.topic, bytes(message.payload), message.retain)
        )
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect(HOST, port)
        self.client.loop_start()
        if topic_filters:
            self.client.subscribe([(topic_filter, 1) for topic_filter in topic_filters])
            assert subscribed.wait(DEADLINE_S)

    def next(self) -> tuple[str, bytes]:
        """The next message: topic and payload."""
        return self.messages.get(timeout=DEADLINE_S)[:2]

    def next_presence(self) -> tuple[str, str, bool]:
        """The next presence message: state, reason, and whether it was retained."""
        _, payload, retained = self.messages.get(timeout=DEADLINE_S)
        members: dict[str, str] = json.loads(payload)
        return members["state"], members["reason"], retained

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine; whatever hangs is cut off."""
    return asyncio.run(asyncio.wait_for(main, 3 * DEADLINE_S))


@pytest.fixture(name="run", scope="session")
def run_fixture() -> Callable[[Coroutine[Any, Any, T]], T]:
    return run


@pytest.fixture(scope="session", params=["awscrt", "paho"])
def library(request: pytest.FixtureRequest) -> str:
    """Name the MQTT library; a test that both have to pass runs twice."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def watched(library: str) -> Callable[..., Watched]:
    return partial(Watched, library=library)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[[str], Mosquitto]]:
    """Start a broker with these lines of configuration; the default is plain text on loopback."""
    with ExitStack() as stack:

        def start(configuration: str = "") -> Mosquitto:
            broker = Mosquitto(tmp_path / "broker", configuration)
            stack.callback(broker.kill)
            broker.start()
            return broker

        yield start


@pytest.fixture
def watch() -> Iterator[Callable[..., Watcher]]:
    """Connect another client; all are closed in the end."""
    with ExitStack() as stack:

        def connect(port: int, *topic_filters: str) -> Watcher:
            watcher = Watcher(port, *topic_filters)
            stack.callback(watcher.close)
            return watcher

        yield connect


@pytest.fixture
def tls_lines(authority: Authority, tmp_path: Path) -> str:
    """Mosquitto's lines for TLS with our authority's certificate for localhost."""
    (tmp_path / "server").mkdir()
    server = authority.issue_server(tmp_path / "server")
    return (
        f"cafile {authority.ca_file}\ncertfile {server.cert_file}\nkeyfile {server.key_file}\n"
        "tls_version tlsv1.2\n"
    )


@pytest.fixture
def device_settings(authority: Authority, tmp_path: Path) -> PublishSettings:
    """Mutual TLS with localhost, quick waits; the port is the test's."""
    (tmp_path / "device").mkdir()
    device = authority.issue_client(tmp_path / "device", "edge-1")
    return PublishSettings(
        endpoint="localhost",
        ca_file=str(authority.ca_file),
        cert_file=str(device.cert_file),
        key_file=str(device.key_file),
        ack_timeout_s=5,
        first_wait_s=0.05,
        max_wait_s=0.2,
    )


@pytest.fixture
def plain_settings(library: Literal["awscrt", "paho"]) -> PublishSettings:
    """Plain text to loopback, quick waits; the port is the test's."""
    return PublishSettings(
        endpoint=HOST,
        library=library,
        tls=False,
        ack_timeout_s=5,
        first_wait_s=0.05,
        max_wait_s=0.2,
    )
