"""A webhook receiver on loopback that behaves as a test wants, over TCP or TLS."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  published
"""The one of the Standard Webhooks test vector."""

Talk = Callable[[socket.socket, threading.Event], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What came: the request line, headers in lower case, and the body."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """Answers each connection by `talk`, after it has read the request.

    Attributes:
        port: on 127.0.0.1.
        talk: writes what it wants; the event tells that the test is over.
        requests: all that came, in order.
    """

    port: int
    talk: Talk
    requests: "SimpleQueue[Request]" = field(default_factory=SimpleQueue)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?site=1"


def answers(head: str, *more: str, body: bytes = b"") -> Talk:
    """Answer with a status, headers and a body."""
    lines = [f"HTTP/1.1 {head}", *more, f"Content-Length: {len(body)}", "", ""]
    return lambda client, _over: client.sendall("\r\n".join(lines).encode() + body)


def hangs(_client: socket.socket, over: threading.Event) -> None:
    over.wait()


def endlessly(head: bytes, piece: bytes, pause_s: float = 0) -> Talk:
    """Answer with a beginning, and then the same piece again and again."""

    def talk(client: socket.socket, over: threading.Event) -> None:
        client.sendall(head)
        while not over.wait(pause_s):
            client.sendall(piece)

    return talk


@contextlib.contextmanager
def receiving(talk: Talk, tls: tuple[Path, Path] | None = None) -> Iterator[Receiver]:
    """Receive until the `with` ends; `tls`: with this certificate and key."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as stack:
        receiver = Receiver(server.getsockname()[1], talk)
        context = None
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        threads: list[threading.Thread] = []

        def accept() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    client, _ = server.accept()
                    client.settimeout(5)
                    thread = threading.Thread(target=_serve, args=(receiver, client, context, over))
                    threads.append(thread)
                    thread.start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        stack.callback(_join, threads)
        stack.callback(accepting.join)
        stack.callback(lambda: server.shutdown(socket.SHUT_RDWR))
        stack.callback(over.set)
        yield receiver


def _join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


def _serve(
    receiver: Receiver, client: socket.socket, tls: ssl.SSLContext | None, over: threading.Event
) -> None:
    with client, contextlib.suppress(OSError):
        speaking = tls.wrap_socket(client, server_side=True) if tls else client
        with speaking:
            receiver.requests.put(_read(speaking))
            receiver.talk(speaking, over)


def _read(client: socket.socket) -> Request:
    with client.makefile("rb") as stream:
        line = stream.readline().decode().strip()
        headers = {}
        while header := stream.readline().decode().strip():
            name, _, value = header.partition(": ")
            headers[name.lower()] = value
        return Request(line, headers, stream.read(int(headers["content-length"])))
