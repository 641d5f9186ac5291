"""A broker that is made for faults: it answers what a test wants, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from devicewarden.config.settings import PublishSettings

if TYPE_CHECKING:
    from tests.e2e.publish.conftest import Watched

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, DISCONNECT = 1, 2, 3, 4, 8, 9, 14
TOPICS = ("report/accepted", "report/rejected")


def packet(kind: int, body: bytes) -> bytes:
    """Frame a packet of less than 128 bytes."""
    return bytes([kind << 4, len(body)]) + body


class Faulty:
    """Speaks just enough MQTT 5 on loopback.

    Attributes:
        reasons: kind of packet -> reason code of its answer; None: no answer.
        session: whether it says that it still holds the session.
        close_after: kind of packet after whose answer the connection is closed.
        properties: of its CONNACK.
        seen: every packet that arrived: kind and body.
    """

    def __init__(self) -> None:
        self.reasons: dict[int, int | None] = {}
        self.session = False
        self.close_after: int | None = None
        self.properties = b""
        self.seen: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self.connects = 0
        self.port = 0
        self._writer: asyncio.StreamWriter | None = None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Faulty"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.drop()

    def drop(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def send(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    def stop_reading(self) -> None:
        """Leave in the sockets whatever comes from now on."""
        assert self._writer is not None
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's has it

    def disconnect(self, reason: int) -> None:
        """Say why, then end the connection."""
        self.send(packet(DISCONNECT, bytes([reason, 0])))
        self.drop()

    async def next(self, kind: int) -> bytes:
        """Wait for the next packet of a kind; those before it are skipped."""
        async with asyncio.timeout(20):
            while True:
                seen, body = await self.seen.get()
                if seen == kind:
                    return body

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind = (await reader.readexactly(1))[0] >> 4
                body = await reader.readexactly(await _length(reader))
                self.seen.put_nowait((kind, body))
                self.connects += kind == CONNECT
                writer.write(self._answer(kind, body))
                if kind == self.close_after:
                    break
        writer.close()

    def _answer(self, kind: int, body: bytes) -> bytes:
        reason = self.reasons.get(kind, 0)
        if reason is None:
            return b""
        match kind:
            case 1:
                # The byte after name and version has the flags; 2 asks for a clean start.
                resumed = self.session and reason == 0 and not body[7] & 2
                head = bytes([resumed, reason, len(self.properties)])
                return packet(CONNACK, head + self.properties)
            case 3:
                start = 2 + int.from_bytes(body[:2], "big")
                return packet(PUBACK, body[start : start + 2] + bytes([reason]))
            case 8:
                return packet(SUBACK, body[:2] + b"\0" + bytes([reason]) * len(TOPICS))
        return b""


async def _length(reader: asyncio.StreamReader) -> int:
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return length


class Case:
    """A publisher that talks to a faulty broker."""

    def __init__(self, watched: "Callable[..., Watched]", settings: PublishSettings) -> None:
        self.broker = Faulty()
        self._watched = watched
        self._settings = settings

    def new_publisher(self, **changes: Any) -> "Watched":
        """Make a publisher that is not started yet; the broker has its port by now."""
        settings = replace(self._settings, port=self.broker.port, **changes)
        publisher: Watched = self._watched(settings)
        for topic in TOPICS:
            publisher.subscribe(topic, lambda _topic, _payload: None)
        return publisher

    @asynccontextmanager
    async def publisher(self, **changes: Any) -> AsyncIterator["Watched"]:
        """Start broker and publisher, and stop both in the end."""
        async with self.broker.listening():
            publisher = self.new_publisher(**changes)
            await publisher.start()
            try:
                yield publisher
            finally:
                await publisher.stop()


@pytest.fixture
def case(watched: "Callable[..., Watched]", plain_settings: PublishSettings) -> Case:
    return Case(watched, plain_settings)
