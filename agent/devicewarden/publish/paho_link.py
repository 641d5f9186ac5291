"""One connection of paho's client, on the event loop: from dialing until it ends, then done.

Source: paho-mqtt documentation, "External event loop support".
"""

import asyncio
import contextlib
import threading
from typing import Any, Final

from devicewarden.publish.diagnosis import (
    LEAST_FAILURE,
    Diagnosis,
    of_error,
    of_reason,
    refusal,
)
from devicewarden.publish.paho_client import (
    PAHO_ERRORS,
    OneConnection,
    disconnect_properties,
    name_and_text,
)
from devicewarden.publish.paho_ended import Ended, LinkEndedError, without_a_word
from devicewarden.publish.publisher import MessageHandler

PACKET_TOO_LARGE: Final = 0x95
QOS_NOT_SUPPORTED: Final = 0x9B
HEADERS_BYTES: Final = 16
"""At most what a PUBLISH has beside topic and payload, as we send it."""

TICKS_A_KEEP_ALIVE: Final = 5


class PahoLink:
    """One connection; made, opened and used on one event loop.

    Attributes:
        ended: done once the connection is over, or could not be made.
        whole: nothing that was sent is still to be acknowledged: the session may be resumed.
    """

    def __init__(self, client: OneConnection, on_message: MessageHandler) -> None:
        self._client = client
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Ended] = self._loop.create_future()
        self.whole = True
        self._greeted: asyncio.Future[bool] = self._loop.create_future()
        self._answers: dict[int, asyncio.Future[list[int]]] = {}
        self._most_bytes: int | None = None
        self._best_qos = 1

    async def open(self) -> bool:
        """Dial, in a thread, for names and TLS block; then wait for CONNACK.

        Returns:
            Whether the broker still holds the session.

        Raises:
            LinkEndedError: see `ended`.
        """
        try:
            await self._dial()
        except PAHO_ERRORS as error:
            self._end(Ended(of_error("cannot connect", *name_and_text(error))))
            raise LinkEndedError from error
        self._attach()
        return await self._greeted

    @property
    def greeted(self) -> bool:
        """Whether the broker took the connection."""
        return self._greeted.done() and self._greeted.exception() is None

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        """Send one message; with QoS 1 wait for its PUBACK, with QoS 0 until it is written.

        Raises:
            PublishError: refused, or the connection ended.
        """
        size = len(payload) + len(topic.encode()) + HEADERS_BYTES
        if self._most_bytes is not None and size > self._most_bytes:
            raise refusal(PACKET_TOO_LARGE)
        if qos > self._best_qos:
            raise refusal(QOS_NOT_SUPPORTED)
        try:
            info = self._client.publish(topic, payload, qos, retain)
            (reason,) = await self._answer(info.mid)
        except LinkEndedError:
            raise self.ended.result().error() from None
        if reason >= LEAST_FAILURE:
            raise refusal(reason)

    async def subscribe(self, topics: list[str]) -> list[int]:
        """Subscribe with QoS 1 and tell the reason code of each topic.

        Raises:
            LinkEndedError: see `ended`.
        """
        _, mid = self._client.subscribe([(topic, 1) for topic in topics])
        return [] if mid is None else await self._answer(mid)

    def give_up(self) -> None:
        """Let go of what nobody waits for any longer, for it could only be sent too late."""
        if self._client.want_write():
            self.cut(Diagnosis("connection ended: the broker stopped reading"))
        elif not self._answers and self._client.drop_out_messages():
            self.whole = False

    async def leave(self) -> None:
        """Send DISCONNECT, and wait until it is written or the connection ended."""
        if not self.ended.done():
            self._client.disconnect(properties=disconnect_properties())
            await asyncio.wait([self.ended])

    def cut(self, why: Diagnosis) -> None:
        """End the connection without a word; nothing happens where it ended before."""
        client = self._client
        client.on_socket_close = client.on_socket_unregister_write = None
        sock = client.socket()
        if sock is not None and sock.fileno() >= 0:
            self._detach(sock)
            sock.close()
        self._end(Ended(why))

    async def _dial(self) -> None:
        dialed: asyncio.Future[None] = self._loop.create_future()

        def dial() -> None:
            error: Exception | None = None
            try:
                self._client.reconnect()
            except PAHO_ERRORS as caught:
                error = caught
            # A loop that is closed waits for nobody, and whoever drops the client closes it.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._dialed, dialed, error)

        # With a callback, paho leaves it to the event loop to write CONNECT.
        self._client.on_socket_register_write = lambda _c, _d, _sock: None
        # Nothing ends a thread that asks a name server; as a daemon it holds up no exit.
        threading.Thread(target=dial, name="dial", daemon=True).start()
        await dialed

    def _dialed(self, dialed: asyncio.Future[None], error: Exception | None) -> None:
        if dialed.done():
            self.cut(Diagnosis("too late"))
        elif error is not None:
            dialed.set_exception(error)
        else:
            dialed.set_result(None)

    def _attach(self) -> None:
        client, loop = self._client, self._loop
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = lambda _c, _d, message: self._on_message(
            message.topic, bytes(message.payload)
        )
        client.on_publish = lambda _c, _d, mid, reason, _p: self._answered(mid, [reason.value])
        client.on_subscribe = lambda _c, _d, mid, reasons, _p: self._answered(
            mid, [reason.value for reason in reasons]
        )
        client.on_socket_register_write = lambda _c, _d, sock: loop.add_writer(sock, self._write)
        client.on_socket_unregister_write = lambda _c, _d, sock: self._stop_writing(sock)
        client.on_socket_close = lambda _c, _d, sock: self._detach(sock)
        if (sock := client.socket()) is not None:
            loop.add_reader(sock, self._read)
            if client.want_write():
                loop.add_writer(sock, self._write)
        self._tick()

    def _detach(self, sock: Any) -> None:
        self._loop.remove_reader(sock)
        self._loop.remove_writer(sock)

    def _stop_writing(self, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _read(self) -> None:
        self._step(self._client.loop_read)
        # What TLS holds decrypted makes no socket readable; others have their turn in between.
        pending = getattr(self._client.socket(), "pending", None)
        if pending is not None and not self.ended.done() and pending():
            self._loop.call_soon(self._read)

    def _write(self) -> None:
        self._step(self._client.loop_write)

    def _tick(self) -> None:
        if not self.ended.done():
            self._step(self._client.loop_misc)
            self._loop.call_later((self._client.keepalive or 60) / TICKS_A_KEEP_ALIVE, self._tick)

    def _step(self, step: Any) -> None:
        if self.ended.done():
            return
        try:
            step()
        except PAHO_ERRORS as error:
            self.cut(of_error(self._what(), *name_and_text(error)))

    def _on_connect(self, _c: Any, _d: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._end(Ended(of_reason("cannot connect", reason.value), reason.value))
        elif not self._greeted.done():
            self._most_bytes = getattr(properties, "MaximumPacketSize", None)
            self._best_qos = getattr(properties, "MaximumQoS", 1)
            self._greeted.set_result(flags.session_present)

    def _on_disconnect(self, _c: Any, _d: Any, flags: Any, reason: Any, _p: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self._end(Ended(of_reason(self._what(), reason.value), reason.value))
        elif self._client.trouble is not None:
            self._end(Ended(of_error(self._what(), *name_and_text(self._client.trouble))))
        else:
            self._end(Ended(without_a_word(self._what(), reason.value)))

    def _what(self) -> str:
        return "connection ended" if self._greeted.done() else "cannot connect"

    async def _answer(self, mid: int) -> list[int]:
        if self.ended.done():
            raise LinkEndedError
        answer: asyncio.Future[list[int]] = self._loop.create_future()
        self._answers[mid] = answer
        try:
            return await answer
        finally:
            del self._answers[mid]

    def _answered(self, mid: int, reasons: list[int]) -> None:
        answer = self._answers.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(reasons)

    def _end(self, ended: Ended) -> None:
        if self.ended.done():
            return
        if self._client.drop_out_messages():
            self.whole = False
        self.ended.set_result(ended)
        unanswered: list[asyncio.Future[Any]] = [self._greeted, *self._answers.values()]
        for waiting in unanswered:
            if not waiting.done():
                waiting.set_exception(LinkEndedError())
                # Looked at, or asyncio complains where nobody waits for it.
                waiting.exception()
