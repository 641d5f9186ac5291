"""A Greengrass nucleus as far as its components see it: IPC on a Unix socket, with faults."""

import json
import socket
import struct
import threading
import zlib
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, NamedTuple

MESSAGE, ERROR, PING, CONNECT, ACK = 0, 1, 2, 4, 5
LIMIT_BYTES = 10_000
TOKEN = "0123456789ABCDEF"  # noqa: S105  a test's


class Published(NamedTuple):
    topic: str
    payload: bytes
    qos: str


def frame(headers: dict[str, int | str], payload: bytes = b"") -> bytes:
    """Written for this server alone, so that it checks the agent's own."""
    block = b""
    for name, value in headers.items():
        block += bytes([len(name)]) + name.encode()
        if isinstance(value, int):
            block += b"\x04" + value.to_bytes(4, "big", signed=True)
        else:
            block += b"\x07" + len(value).to_bytes(2, "big") + value.encode()
    head = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    body = head + struct.pack(">I", zlib.crc32(head)) + block + payload
    return body + struct.pack(">I", zlib.crc32(body))


def receive(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    head = exactly(connection, 12)
    size, headers_size, crc = struct.unpack(">III", head)
    assert zlib.crc32(head[:8]) == crc
    if size > LIMIT_BYTES:
        raise ConnectionError("nucleus lite hangs up over a frame of this size")
    rest = exactly(connection, size - 12)
    assert zlib.crc32(head + rest[:-4]) == int.from_bytes(rest[-4:], "big")
    headers: dict[str, Any] = {}
    block = rest[:headers_size]
    while block:
        name, kind, block = (
            block[1 : 1 + block[0]].decode(),
            block[1 + block[0]],
            block[2 + block[0] :],
        )
        if kind == 4:
            headers[name], block = int.from_bytes(block[:4], "big", signed=True), block[4:]
        else:
            assert kind == 7
            end = 2 + int.from_bytes(block[:2], "big")
            headers[name], block = block[2:end].decode(), block[end:]
    return headers, rest[headers_size:-4]


def exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


class Nucleus:
    """Listens between `start` and `stop`.

    Attributes:
        published: what components published while the broker was there.
        seen: operation and topic of every request.
        token: the SVCUID that is taken.
        denied: topics that accessControl does not allow.
        offline: the broker is away: publishing is a ServiceError at once.
        answers: reports are answered on their accepted topic, where that is subscribed to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.published: SimpleQueue[Published] = SimpleQueue()
        self.seen: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self.token = TOKEN
        self.denied: set[str] = set()
        self.offline = False
        self.answers = True
        self._listener: socket.socket | None = None
        self._connections: dict[socket.socket, dict[str, int]] = {}
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._run(self._accept, self._listener)

    def stop(self) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self._listener = None
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def forget_subscriptions(self) -> None:
        """Do as a nucleus does whose MQTT daemon was restarted: tell nobody."""
        for subscriptions in self._connections.values():
            subscriptions.clear()

    def deliver(self, topic: str, payload: bytes) -> None:
        """Send a message to whoever subscribed to its topic."""
        message = {"message": {"topicName": topic, "payload": b64encode(payload).decode()}}
        for connection, subscriptions in tuple(self._connections.items()):
            if topic in subscriptions:
                kind = "aws.greengrass#IoTCoreMessage"
                self._send(connection, MESSAGE, subscriptions[topic], message, kind)

    def send_raw(self, data: bytes) -> None:
        """Send bytes of any kind to everybody."""
        for connection in tuple(self._connections):
            connection.sendall(data)

    def _run(self, target: Any, *args: Any) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                self._run(self._serve, listener.accept()[0])

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            headers, payload = receive(connection)
            assert (headers[":message-type"], headers[":stream-id"]) == (CONNECT, 0)
            assert headers[":version"] == "0.1.0"
            if json.loads(payload) != {"authToken": self.token}:
                return
            self._send(connection, ACK, 0, flags=1)
            self._connections[connection] = {}
            try:
                while True:
                    self._answer(connection, *receive(connection))
            finally:
                del self._connections[connection]

    def _answer(self, connection: socket.socket, headers: dict[str, Any], payload: bytes) -> None:
        stream = headers[":stream-id"]
        if headers[":message-flags"] == 2 or headers[":message-type"] != MESSAGE:
            return
        operation = headers["operation"]
        assert headers["service-model-type"] == f"{operation}Request"
        content = json.loads(payload)
        topic = content["topicName"]
        self.seen.put((operation.partition("#")[2], topic))
        if topic in self.denied:
            self._refuse(connection, stream, "UnauthorizedError", "not authorized, says the test")
        elif operation == "aws.greengrass#SubscribeToIoTCore":
            self._connections[connection][topic] = stream
            self._send(connection, MESSAGE, stream, {}, f"{operation}Response")
        elif self.offline:
            self._refuse(connection, stream, "ServiceError", "Failed to publish the message.")
        else:
            self._send(connection, MESSAGE, stream, {}, f"{operation}Response")
            report = b64decode(content["payload"])
            self.published.put(Published(topic, report, content["qos"]))
            if self.answers and topic.startswith("$aws/things/"):
                reply = {
                    "status": "ACCEPTED",
                    "reportId": json.loads(report)["header"]["report_id"],
                }
                self.deliver(f"{topic}/accepted", json.dumps(reply).encode())

    def _refuse(self, connection: socket.socket, stream: int, name: str, message: str) -> None:
        content = {"_message": message, "_errorCode": name}
        self._send(connection, ERROR, stream, content, f"aws.greengrass#{name}", flags=2)

    def _send(
        self,
        connection: socket.socket,
        kind: int,
        stream: int,
        content: Any = None,
        model: str = "",
        *,
        flags: int = 0,
    ) -> None:
        headers: dict[str, int | str] = {
            ":message-type": kind,
            ":message-flags": flags,
            ":stream-id": stream,
        }
        if model:
            headers |= {"service-model-type": model, ":content-type": "application/json"}
        payload = b"" if content is None else json.dumps(content).encode()
        with suppress(OSError):
            connection.sendall(frame(headers, payload))
