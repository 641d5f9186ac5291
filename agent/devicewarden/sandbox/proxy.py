"""What stands between agents and broker: a TCP proxy that can behave like a bad network.

It never looks into the bytes, which are TLS; faults add up until `normal`.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Final

HOST: Final = "127.0.0.1"
CHUNK_BYTES: Final = 65536
CONNECT_TIMEOUT_S: Final = 5.0
JOIN_TIMEOUT_S: Final = 5.0


class _Link:
    """One agent's connection, and the connection to the broker made for it."""

    def __init__(self, agent: socket.socket, broker: socket.socket) -> None:
        self.agent = agent
        self.broker = broker
        self.bytes_left: int | None = None

    def drop(self) -> None:
        """End both connections; whoever waits on them wakes up."""
        for end in (self.agent, self.broker):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def allowed(self, data: bytes) -> bytes:
        """Count what the agent sends; what is beyond the limit is cut off."""
        if self.bytes_left is None:
            return data
        data = data[: self.bytes_left]
        self.bytes_left -= len(data)
        return data


class Proxy:
    """Listens on a loopback port of its own, for as long as it lives, and forwards to the broker.

    Args:
        broker_port: where the broker listens, on loopback.
    """

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        # Bound and never listening: it keeps the port ours while connections are refused.
        self._claim = socket.socket()
        self._claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._claim.bind((HOST, 0))
        self.port: Final[int] = self._claim.getsockname()[1]
        self._lock = threading.RLock()
        self._links: set[_Link] = set()
        self._threads: set[threading.Thread] = set()
        self._closing = False
        self._flowing = threading.Event()
        self._listener: socket.socket | None = None
        self._cut_after_bytes: int | None = None
        self._drop_after_s: float | None = None
        self.normal()

    def normal(self) -> None:
        """End every fault; bytes that were held go on."""
        with self._lock:
            self._cut_after_bytes = None
            self._drop_after_s = None
            for link in self._links:
                link.bytes_left = None
            self._flowing.set()
            self._listen()

    def drop(self) -> None:
        """End every connection now; new ones are welcome."""
        with self._lock:
            for link in self._links:
                link.drop()

    def refuse(self) -> None:
        """Refuse new connections (ECONNREFUSED); those that stand are kept."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            # shutdown wakes the thread that waits in accept; close alone does not.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def black_hole(self) -> None:
        """Accept connections and bytes, and forward nothing, in either direction."""
        self._flowing.clear()

    def cut_after(self, size_bytes: int) -> None:
        """End each connection once the agent has sent that many bytes more, TLS included.

        Counted from now, for a new connection from its start.
        """
        with self._lock:
            self._cut_after_bytes = size_bytes
            for link in self._links:
                link.bytes_left = size_bytes

    def drop_after(self, after_s: float) -> None:
        """End each new connection that long after it was made."""
        with self._lock:
            self._drop_after_s = after_s

    @contextlib.contextmanager
    def closed(self) -> Iterator[None]:
        """Drop and refuse agents while the broker is away; other faults stay as they are."""
        was_open = self._listener is not None
        self.refuse()
        self.drop()
        try:
            yield
        finally:
            if was_open:
                with self._lock:
                    self._listen()

    def close(self) -> None:
        """End everything and give the port back."""
        self.refuse()
        with self._lock:
            self._closing = True
            self.drop()
            threads = tuple(self._threads)
        self._flowing.set()
        for thread in threads:
            thread.join(JOIN_TIMEOUT_S)
        self._claim.close()

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server((HOST, self.port))
            self._start(self._accept, self._listener)

    def _start(self, target: Callable[..., None], *args: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=args, daemon=True)
        with self._lock:
            self._threads = {known for known in self._threads if known.is_alive()} | {thread}
            thread.start()
        return thread

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                agent = listener.accept()[0]
            except OSError:  # `refuse` closed it
                return
            self._start(self._serve, agent)

    def _serve(self, agent: socket.socket) -> None:
        # The broker may be away: then the agent's connection ends too.
        with agent, contextlib.suppress(OSError), self._connect() as broker:
            link = _Link(agent, broker)
            if not self._admit(link):
                return
            back = self._start(self._carry_back, link)
            self._carry_forth(link)
            back.join()
            with self._lock:
                self._links.discard(link)

    def _admit(self, link: _Link) -> bool:
        with self._lock:
            if self._closing:
                return False
            link.bytes_left = self._cut_after_bytes
            self._links.add(link)
            if self._drop_after_s is not None:
                timer = threading.Timer(self._drop_after_s, link.drop)
                timer.daemon = True
                timer.start()
            return True

    def _connect(self) -> socket.socket:
        broker = socket.create_connection((HOST, self._broker_port), CONNECT_TIMEOUT_S)
        broker.settimeout(None)
        return broker

    def _carry_forth(self, link: _Link) -> None:
        with contextlib.suppress(OSError):
            while link.bytes_left != 0 and (data := link.agent.recv(CHUNK_BYTES)):
                self._flowing.wait()
                link.broker.sendall(link.allowed(data))
        link.drop()

    def _carry_back(self, link: _Link) -> None:
        with contextlib.suppress(OSError):
            while data := link.broker.recv(CHUNK_BYTES):
                self._flowing.wait()
                link.agent.sendall(data)
        link.drop()
