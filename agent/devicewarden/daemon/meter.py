"""Counts what the agent itself says to the broker: the device's side of the cloud-side metrics."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from devicewarden.detect.observe import OwnConnection
from devicewarden.model.errors import PublishError
from devicewarden.publish.diagnosis import TAKEN_OVER
from devicewarden.publish.publisher import ConnectionState, MessageHandler, Publisher

if TYPE_CHECKING:
    from collections.abc import Callable

_REFUSED: Final = "not authorized"


class Meter:
    """Counts since the last reading, over all connections of the agent's life.

    Attributes:
        on_takeover: called when another client took over the connection.
    """

    def __init__(self) -> None:
        self.on_takeover: Callable[[], object] = lambda: None
        self._sent = self._received = self._attempts = self._disconnects = self._refused = 0
        self._largest = 0
        self._last: ConnectionState | None = None

    def sent(self, size_bytes: int) -> None:
        """Count a message that was handed to the broker."""
        self._sent += 1
        self._largest = max(self._largest, size_bytes)

    def not_sent(self, why: str) -> None:
        """Count a message that the broker did not take, where it was not allowed."""
        self._refused += _REFUSED in why.lower()

    def received(self) -> None:
        """Count a message from the broker."""
        self._received += 1

    def changed(self, now: ConnectionState) -> None:
        """Count attempts, losses and refusals by how the connection changed."""
        before = self._last or replace(now, state="stopped", attempts=0, last_error="")
        self._attempts += max(0, now.attempts - before.attempts)
        self._disconnects += before.state == "connected" and now.state == "connecting"
        # The error stays while the next attempt begins; told with no new attempt, it came again.
        came_now = now.last_error != before.last_error or now.attempts == before.attempts
        if came_now and _REFUSED in now.last_error.lower():
            self._refused += 1
        if came_now and TAKEN_OVER in now.last_error:
            self.on_takeover()
        # The next connection may be another link's, which counts from nothing.
        self._last = None if now.state == "stopped" else now

    def read(self) -> OwnConnection:
        """Tell the counts and begin again at zero."""
        counted = OwnConnection(
            messages_sent=self._sent,
            messages_received=self._received,
            connection_attempts=self._attempts,
            disconnects=self._disconnects,
            authorization_failures=self._refused,
            largest_message_bytes=self._largest or None,
        )
        self._sent = self._received = self._attempts = self._disconnects = self._refused = 0
        self._largest = 0
        return counted


class MeteredPublisher:
    """A publisher whose messages are counted."""

    def __init__(self, publisher: Publisher, meter: Meter) -> None:
        self._publisher = publisher
        self._meter = meter

    @property
    def connection(self) -> ConnectionState:
        return self._publisher.connection

    def subscribe(self, topic: str, handler: MessageHandler) -> None:
        def counted(topic: str, payload: bytes) -> None:
            self._meter.received()
            handler(topic, payload)

        self._publisher.subscribe(topic, counted)

    async def start(self) -> None:
        await self._publisher.start()

    async def ready(self) -> None:
        await self._publisher.ready()

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        try:
            await self._publisher.publish(topic, payload, qos=qos)
        except PublishError as error:
            self._meter.not_sent(str(error))
            raise
        self._meter.sent(len(payload))

    async def stop(self) -> None:
        await self._publisher.stop()
