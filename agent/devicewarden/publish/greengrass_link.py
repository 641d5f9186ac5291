"""One connection to a Greengrass nucleus: requests and their answers, events of subscriptions.

Source: AWS IoT Greengrass V2 developer guide, "Publish/subscribe AWS IoT Core MQTT messages".
"""

import asyncio
import contextlib
import json
from base64 import b64decode, b64encode
from typing import Any, Final

from devicewarden.model.errors import (
    PermanentPublishError,
    PublishError,
    TemporaryPublishError,
)
from devicewarden.publish.diagnosis import Diagnosis
from devicewarden.publish.eventstream import MOST_BYTES, Frame, FrameError, encode, read_frame
from devicewarden.publish.publisher import MessageHandler

MESSAGE, ERROR, PING, PING_RESPONSE, CONNECT, CONNECT_ACK = range(6)
"""Values of the header :message-type; those after them are errors of the protocol."""

ACCEPTED: Final = 1
TERMINATE: Final = 2
SMALLEST_LIMIT_BYTES: Final = 10_000
"""Nucleus lite closes the connection over a larger frame (GGL_IPC_MAX_MSG_LEN)."""

UNREAD_BYTES: Final = 2 * MOST_BYTES
"""Who leaves so much unread is answered no more pings: the answers would fill the memory."""

MAX_TEXT_CHARACTERS: Final = 200
ACCESS: Final = "allow it in accessControl of the component, for exactly this topic"
TOO_LARGE: Final = "nucleus lite takes 10,000 bytes at once: set report.max_bytes to 7000"


class LinkEndedError(Exception):
    """The connection ended while something was waited for."""


class RefusedError(Exception):
    """The nucleus does not know this component's SVCUID."""


class GreengrassLink:
    """One connection; made, opened and used on one event loop.

    Attributes:
        ended: done with the reason once the connection is over.
    """

    def __init__(self, on_message: MessageHandler) -> None:
        self._on_message = on_message
        self.ended: asyncio.Future[Diagnosis] = asyncio.get_running_loop().create_future()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._last_stream = 0
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._subscriptions: set[int] = set()
        self._largest_waiting = 0

    async def open(self, path: str, token: str) -> None:
        """Connect and introduce ourselves.

        Raises:
            OSError: nobody listens at this path.
            RefusedError: the token is not known.
            LinkEndedError: what was answered is no frame.
        """
        reader, self._writer = await asyncio.open_unix_connection(path)
        headers = {":version": "0.1.0", **_common(CONNECT, 0)}
        self._send(headers, {"authToken": token})
        try:
            answer = await read_frame(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            # Nucleus lite says no by hanging up.
            raise RefusedError from None
        except FrameError as error:
            self.cut(Diagnosis(f"cannot connect: the nucleus does not speak IPC: {error}"))
            raise LinkEndedError from error
        kind, flags = answer.headers.get(":message-type"), answer.headers.get(":message-flags")
        if kind != CONNECT_ACK or not (isinstance(flags, int) and flags & ACCEPTED):
            raise RefusedError
        self._reading = asyncio.create_task(self._read(reader))

    async def publish(self, topic: str, payload: bytes, *, qos: int) -> None:
        """Hand over one message and wait until the nucleus took it.

        Raises:
            PublishError: refused, or the connection ended.
        """
        content = {"topicName": topic, "qos": str(qos), "payload": b64encode(payload).decode()}
        await self._request("PublishToIoTCore", content)

    async def subscribe(self, topic: str) -> None:
        """Subscribe with QoS 1.

        Raises:
            PublishError: refused, or the connection ended.
        """
        stream = await self._request("SubscribeToIoTCore", {"topicName": topic, "qos": "1"})
        self._subscriptions.add(stream)

    def unsubscribe_all(self) -> None:
        """End the subscriptions, which the nucleus may have forgotten."""
        for stream in self._subscriptions:
            self._send(_common(MESSAGE, stream, TERMINATE))
        self._subscriptions.clear()

    def give_up(self) -> None:
        """After a time-out: what is not written yet could only be sent too late."""
        if self._writer is not None and self._writer.transport.get_write_buffer_size():
            self.cut(Diagnosis("connection ended: the nucleus stopped reading"))

    def cut(self, why: Diagnosis) -> None:
        """End the connection; nothing happens where it ended before."""
        if self._reading is not None:
            self._reading.cancel()
        if self._writer is not None:
            self._writer.transport.abort()
        if self.ended.done():
            return
        self.ended.set_result(why)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(LinkEndedError())

    async def _request(self, operation: str, content: dict[str, str]) -> int:
        if self.ended.done():
            raise self._lost()
        self._last_stream += 1
        stream = self._last_stream
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers[stream] = answer
        headers = {
            **_common(MESSAGE, stream),
            "operation": f"aws.greengrass#{operation}",
            "service-model-type": f"aws.greengrass#{operation}Request",
            ":content-type": "application/json",
        }
        try:
            self._largest_waiting = self._send(headers, content)
            frame = await answer
        except LinkEndedError:
            raise self._lost() from None
        finally:
            del self._answers[stream]
            self._largest_waiting = 0
        if frame.headers.get(":message-type") == ERROR:
            raise _refusal(operation, content["topicName"], frame)
        return stream

    def _lost(self) -> PublishError:
        why = self.ended.result()
        return TemporaryPublishError(f"publish: {why.message}", hint=why.hint)

    def _send(self, headers: dict[str, int | str], content: Any = None) -> int:
        frame = encode(headers, b"" if content is None else json.dumps(content).encode())
        if self._writer is not None:
            self._writer.write(frame)
        return len(frame)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        why = Diagnosis("connection ended: the nucleus closed it")
        try:
            while True:
                self._take(await read_frame(reader))
        except FrameError as error:
            why = Diagnosis(f"connection ended: {error}")
        except (asyncio.IncompleteReadError, ConnectionError):
            if self._largest_waiting > SMALLEST_LIMIT_BYTES:
                why = Diagnosis(f"{why.message} over {self._largest_waiting} bytes", TOO_LARGE)
        self.cut(why)

    def _take(self, frame: Frame) -> None:
        kind = frame.headers.get(":message-type")
        stream = frame.headers.get(":stream-id")
        if kind == PING and self._writer is not None:
            if self._writer.transport.get_write_buffer_size() > UNREAD_BYTES:
                raise FrameError("the nucleus sends pings, and reads no answer")
            self._writer.write(encode(_common(PING_RESPONSE, 0), frame.payload))
        elif kind not in (MESSAGE, ERROR) and kind != PING_RESPONSE:
            raise FrameError(f"message of type {kind}: {_text(frame)}")
        elif stream in self._answers and not self._answers[stream].done():
            self._answers[stream].set_result(frame)
        elif kind == MESSAGE and stream in self._subscriptions:
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                message = json.loads(frame.payload)["message"]
                payload = b64decode(message["payload"], validate=True)
                self._on_message(str(message["topicName"]), payload)


def _common(kind: int, stream: int, flags: int = 0) -> dict[str, int | str]:
    return {":message-type": kind, ":message-flags": flags, ":stream-id": stream}


def _refusal(operation: str, topic: str, frame: Frame) -> PublishError:
    what = "publish" if operation.startswith("Publish") else "subscribe"
    name = str(frame.headers.get("service-model-type", "")).rpartition("#")[2]
    message = f"{what} to {topic}: {_text(frame)} ({name})"
    if name == "UnauthorizedError":
        return PermanentPublishError(f"{message}: not authorized", hint=ACCESS)
    return TemporaryPublishError(message)


def _text(frame: Frame) -> str:
    """Take the nucleus' explanation: short, and without control characters."""
    try:
        document = json.loads(frame.payload)
        text = str(document.get("_message") or document.get("message") or "no details")
    except (ValueError, AttributeError, RecursionError):
        text = "no details"
    return "".join(c if c.isprintable() else "?" for c in text[:MAX_TEXT_CHARACTERS])
