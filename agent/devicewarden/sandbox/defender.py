"""The Device Defender endpoint: an MQTT client that judges every report and answers it."""

import threading
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from devicewarden.sandbox.endpoint import Endpoint
from devicewarden.sandbox.jobs import Message
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


class Defender:
    """Answers `accepted` or `rejected`, or as its orders say, and remembers what it received.

    Args:
        judge: tells what is wrong with a report.
        ca_file: the broker's authority.
        credentials: of the client that the broker lets read and write everything.
    """

    def __init__(self, judge: Judge, ca_file: Path, credentials: Credentials) -> None:
        self._judge = judge
        topics = (REPORTS, VIOLATIONS)
        self._endpoint = Endpoint(NAME, ca_file, credentials, topics, self._hear)
        self._lock = threading.Lock()
        self._orders = Orders()
        self._memory: dict[str, Memory] = {}
        self._received: deque[Received] = deque(maxlen=KEPT)
        self._watchers: list[SimpleQueue[Received]] = []
        self._alarms: dict[str, Told] = {}
        self._violation_watchers: list[SimpleQueue[Told]] = []
        self._late: list[threading.Timer] = []

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
            AgentError: not connected and subscribed in time.
        """
        self._endpoint.connect(port)

    def disconnect(self) -> None:
        """Leave the broker; late replies are dropped. Harmless when not connected."""
        for timer in self._late:
            timer.cancel()
        self._endpoint.disconnect()

    def _hear(self, topic: str, payload: bytes) -> tuple[Message, ...]:
        """Take what was said; it is answered from here, for a reply may be late."""
        if topic.startswith("$aws/"):
            self._on_report(topic, payload)
        else:
            self._on_violation(topic, payload)
        return ()

    def _on_report(self, topic: str, payload: bytes) -> None:
        _, _, thing, _, _, level = topic.split("/")
        if level not in FORMATS:
            return
        arrival = Arrival(
            thing=thing,
            format=FORMATS[level],
            payload=payload,
            at_ms=time.time_ns() // 1_000_000,
        )
        with self._lock:
            received, memory, orders = decide(
                arrival, self._judge, self._memory.get(thing, Memory()), self._orders
            )
            self._memory[thing], self._orders = memory, orders
            self._received.append(received)
            watchers = tuple(self._watchers)
        self._answer(received, orders.late_s)
        for watcher in watchers:
            watcher.put(received)

    def _on_violation(self, topic: str, payload: bytes) -> None:
        told = read_told(topic, payload, time.monotonic())
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

    def _answer(self, received: Received, late_s: float) -> None:
        if received.reply is None:
            return
        reply = [Message(received.reply_topic, received.reply)]
        if not late_s:
            self._endpoint.publish(reply)
            return
        timer = threading.Timer(late_s, self._endpoint.publish, (reply,))
        timer.daemon = True
        self._late = [*(known for known in self._late if known.is_alive()), timer]
        timer.start()
