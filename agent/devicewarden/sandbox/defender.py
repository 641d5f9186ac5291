"""The Device Defender endpoint: an MQTT client that judges every report and answers it."""

import ssl
import threading
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devicewarden.model.errors import AgentError
from devicewarden.sandbox.pki import Credentials
from devicewarden.sandbox.told import Told, read_told
from devicewarden.sandbox.verdict import (
    FORMATS,
    Arrival,
    Judge,
    Memory,
    Orders,
    Received,
    decide,
)

NAME: Final = "device-defender"
REPORTS: Final = "$aws/things/+/defender/metrics/+"
VIOLATIONS: Final = "devicewarden/+/violations"
ALARMS: Final = "violations"
"""The word by which a terminal asks what is in alarm."""

KEPT: Final = 256
CONNECT_TIMEOUT_S: Final = 10.0
HOST: Final = "127.0.0.1"


class Defender:
    """Answers `accepted` or `rejected`, or as its orders say, and remembers what it received.

    Args:
        judge: tells what is wrong with a report.
        ca_file: the broker's authority.
        credentials: of the client that the broker lets read and write everything.
    """

    def __init__(self, judge: Judge, ca_file: Path, credentials: Credentials) -> None:
        self._judge = judge
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._tls.load_cert_chain(credentials.cert_file, credentials.key_file)
        self._lock = threading.Lock()
        self._orders = Orders()
        self._memory: dict[str, Memory] = {}
        self._received: deque[Received] = deque(maxlen=KEPT)
        self._watchers: list[SimpleQueue[Received]] = []
        self._alarms: dict[str, Told] = {}
        self._violation_watchers: list[SimpleQueue[Told]] = []
        self._late: list[threading.Timer] = []
        self._subscribed = threading.Event()
        self._client: Client | None = None

    @property
    def received(self) -> tuple[Received, ...]:
        """The last KEPT reports, oldest first."""
        with self._lock:
            return tuple(self._received)

    def watch(self) -> SimpleQueue[Received]:
        """Open a queue that gets every report from now on, after its reply was sent."""
        watcher: SimpleQueue[Received] = SimpleQueue()
        with self._lock:
            self._watchers.append(watcher)
        return watcher

    @property
    def alarms(self) -> tuple[Told, ...]:
        """What is in alarm now, by what agents told; the last KEPT, oldest first."""
        with self._lock:
            return tuple(self._alarms.values())

    def watch_violations(self) -> SimpleQueue[Told]:
        """Open a queue that gets every message on a violation from now on."""
        watcher: SimpleQueue[Told] = SimpleQueue()
        with self._lock:
            self._violation_watchers.append(watcher)
        return watcher

    def order(self, **changes: Any) -> None:
        """Change some orders; the names are those of `Orders`."""
        with self._lock:
            self._orders = replace(self._orders, **changes)

    def obey_nothing(self) -> None:
        """Forget every order."""
        with self._lock:
            self._orders = Orders()

    def connect(self, port: int) -> None:
        """Connect to the broker on this port of loopback and wait for the subscription.

        Raises:
            AgentError: not connected and subscribed within CONNECT_TIMEOUT_S.
        """
        client = Client(CallbackAPIVersion.VERSION2, client_id=NAME)
        client.tls_set_context(self._tls)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.message_callback_add(REPORTS, self._on_report)
        client.message_callback_add(VIOLATIONS, self._on_violation)
        self._subscribed.clear()
        self._client = client
        try:
            client.connect(HOST, port)
        except OSError as error:
            raise AgentError(f"the endpoint cannot reach the broker: {error}") from error
        client.loop_start()
        if not self._subscribed.wait(CONNECT_TIMEOUT_S):
            raise AgentError("the broker did not answer the endpoint's subscription")

    def disconnect(self) -> None:
        """Leave the broker; late replies are dropped. Harmless when not connected."""
        client, self._client = self._client, None
        for timer in self._late:
            timer.cancel()
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _on_connect(
        self,
        client: Client,
        _data: Any,
        _flags: ConnectFlags,
        code: ReasonCode,
        _: Properties | None,
    ) -> None:
        if not code.is_failure:
            client.subscribe([(REPORTS, 1), (VIOLATIONS, 1)])

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, codes: list[ReasonCode], _: Properties | None
    ) -> None:
        if not any(code.is_failure for code in codes):
            self._subscribed.set()

    def _on_report(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        _, _, thing, _, _, level = message.topic.split("/")
        if level not in FORMATS:
            return
        arrival = Arrival(
            thing=thing,
            format=FORMATS[level],
            payload=bytes(message.payload),
            at_ms=time.time_ns() // 1_000_000,
        )
        with self._lock:
            received, memory, orders = decide(
                arrival, self._judge, self._memory.get(thing, Memory()), self._orders
            )
            self._memory[thing], self._orders = memory, orders
            self._received.append(received)
            watchers = tuple(self._watchers)
        self._answer(client, received, orders.late_s)
        for watcher in watchers:
            watcher.put(received)

    def _on_violation(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        told = read_told(message.topic, bytes(message.payload), time.monotonic())
        if told is None:
            return
        with self._lock:
            self._alarms.pop(told.violation_id, None)
            if told.kind == "in-alarm":
                self._alarms[told.violation_id] = told
                for oldest in list(self._alarms)[:-KEPT]:
                    del self._alarms[oldest]
            watchers = tuple(self._violation_watchers)
        for watcher in watchers:
            watcher.put(told)

    def _answer(self, client: Client, received: Received, late_s: float) -> None:
        if received.reply is None:
            return
        if not late_s:
            client.publish(received.reply_topic, received.reply, qos=1)
            return
        timer = threading.Timer(
            late_s, client.publish, (received.reply_topic, received.reply), {"qos": 1}
        )
        timer.daemon = True
        self._late = [*(known for known in self._late if known.is_alive()), timer]
        timer.start()
