"""The agent's own messages and connections, as Detect is told of them."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from devicewarden.daemon.meter import Meter, MeteredPublisher
from devicewarden.detect.observe import OwnConnection
from devicewarden.model.errors import TemporaryPublishError
from devicewarden.publish.connection import Connection
from devicewarden.publish.diagnosis import Diagnosis, of_reason
from devicewarden.publish.publisher import ConnectionState, MessageHandler

NOTHING = OwnConnection(
    messages_sent=0,
    messages_received=0,
    connection_attempts=0,
    disconnects=0,
    authorization_failures=0,
)


class Recorder:
    """A publisher that takes what it is given, unless it is told to fail."""

    def __init__(self) -> None:
        self.handlers: dict[str, MessageHandler] = {}
        self.failure = ""

    @property
    def connection(self) -> ConnectionState:
        return ConnectionState(state="connected", since=datetime.now(UTC))

    def subscribe(self, topic: str, handler: MessageHandler) -> None:
        self.handlers[topic] = handler

    async def start(self) -> None: ...

    async def ready(self) -> None: ...

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        del topic, payload, qos
        if self.failure:
            raise TemporaryPublishError(self.failure)

    async def stop(self) -> None: ...


def test_messages_are_counted_once_and_reading_begins_again() -> None:
    meter, inner = Meter(), Recorder()
    publisher = MeteredPublisher(inner, meter)
    heard: list[bytes] = []
    publisher.subscribe("replies", lambda _topic, payload: heard.append(payload))

    asyncio.run(publisher.publish("reports", b"12345", qos=1))
    asyncio.run(publisher.publish("reports", b"123", qos=1))
    inner.handlers["replies"]("replies", b"yes")
    counted = meter.read()

    assert (counted.messages_sent, counted.messages_received) == (2, 1)
    assert counted.largest_message_bytes == 5
    assert heard == [b"yes"]
    assert meter.read() == NOTHING


def test_a_message_that_is_not_allowed_is_an_authorization_failure() -> None:
    meter, inner = Meter(), Recorder()
    inner.failure = "not authorized"

    with pytest.raises(TemporaryPublishError):
        asyncio.run(MeteredPublisher(inner, meter).publish("reports", b"1", qos=1))

    assert meter.read() == replace(NOTHING, authorization_failures=1)


def test_a_message_that_failed_was_not_sent() -> None:
    meter, inner = Meter(), Recorder()
    inner.failure = "not now"

    with pytest.raises(TemporaryPublishError):
        asyncio.run(MeteredPublisher(inner, meter).publish("reports", b"1", qos=1))

    assert meter.read() == NOTHING


def test_attempts_losses_and_refusals_are_counted_over_a_stormy_day() -> None:
    meter = Meter()
    connection = Connection(meter.changed)

    connection.attempting()
    connection.failed(Diagnosis("cannot connect: connection refused", ""))
    connection.attempting()
    connection.failed(Diagnosis("cannot connect: not authorized", ""))
    connection.attempting()
    connection.connected()
    connection.failed(Diagnosis("disconnected", ""))
    connection.attempting()
    connection.connected()
    counted = meter.read()

    assert counted.connection_attempts == 4
    assert counted.disconnects == 1
    assert counted.authorization_failures == 1


def test_each_refusal_is_counted_however_alike_they_are() -> None:
    meter = Meter()
    connection = Connection(meter.changed)

    for _ in range(10):
        connection.attempting()
        connection.failed(Diagnosis("cannot connect: not authorized", ""))

    assert meter.read().authorization_failures == 10


def test_a_takeover_is_told_each_time_and_nothing_else_is() -> None:
    told: list[str] = []
    meter = Meter()
    meter.on_takeover = lambda: told.append("taken over")
    connection = Connection(meter.changed)

    for code in (0x8E, 0x8E, 0x8B):
        connection.attempting()
        connection.connected()
        connection.failed(of_reason("connection ended", code))

    assert told == ["taken over", "taken over"]


def test_another_link_is_counted_from_its_own_first_attempt() -> None:
    meter = Meter()
    first, second = Connection(meter.changed), Connection(meter.changed)
    for _ in range(5):
        first.attempting()
    first.stopped()

    second.attempting()

    assert meter.read().connection_attempts == 6
