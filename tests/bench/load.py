"""Sockets to read: connections, listeners and processes on loopback, ended with their parent."""

import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to read.

    Attributes:
        connections: both ends are local, so the kernel has twice as many rows; 90 % are IPv4,
            8 % IPv6, 2 % IPv4-mapped.
        v4_listeners, v6_listeners, udp: sockets that wait.
        processes: they share the sockets evenly.
    """

    name: str
    connections: int
    v4_listeners: int
    v6_listeners: int
    udp: int
    processes: int


L0 = Load("L0", 0, 0, 0, 0, 0)
L1 = Load("L1", 1_000, 50, 30, 10, 20)
L2 = Load("L2", 10_000, 200, 30, 40, 300)


@contextmanager
def applied(load: Load) -> Iterator[None]:
    """Hold the load in child processes; each ends when this process closes its pipe, or dies."""
    keep_read, keep_write = os.pipe()
    children = []
    for index in range(load.processes):
        ready_read, ready_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(keep_write)
            _hold(load, index, ready_write, keep_read)
        os.close(ready_write)
        os.read(ready_read, 1)
        os.close(ready_read)
        children.append(pid)
    try:
        yield
    finally:
        os.close(keep_write)
        os.close(keep_read)
        for pid in children:
            os.waitpid(pid, 0)


def _hold(load: Load, index: int, ready: int, keep: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    share = [n // load.processes + (index < n % load.processes) for n in
             (load.v4_listeners, load.v6_listeners, load.udp, load.connections)]
    held = [_listener(socket.AF_INET, "127.0.0.1") for _ in range(share[0])]
    held += [_listener(socket.AF_INET6, "::1") for _ in range(share[1])]
    held += [_bound(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1") for _ in range(share[2])]
    held += _connections(share[3])
    os.write(ready, b"r")
    os.close(ready)
    os.read(keep, 1)
    os._exit(0)


def _bound(family: int, kind: int, address: str) -> socket.socket:
    sock = socket.socket(family, kind)
    sock.bind((address, 0))
    return sock


def _listener(family: int, address: str) -> socket.socket:
    sock = _bound(family, socket.SOCK_STREAM, address)
    sock.listen(128)
    return sock


def _connections(count: int) -> list[socket.socket]:
    """Open connections to ourselves; the listener that takes them is closed again."""
    held: list[socket.socket] = []
    for family, address, target, how_many in (
        (socket.AF_INET, "127.0.0.1", "127.0.0.1", count * 90 // 100),
        (socket.AF_INET6, "::1", "::1", count * 8 // 100),
        (socket.AF_INET6, "::", "::ffff:127.0.0.1", count - count * 90 // 100 - count * 8 // 100),
    ):
        with _listener(family, address) as listener:
            for _ in range(how_many):
                client = socket.socket(family)
                client.connect((target, listener.getsockname()[1]))
                held += [client, listener.accept()[0]]
    return held


def churn(stop: threading.Event) -> None:
    """Open and close short connections until told to stop."""
    with _listener(socket.AF_INET, "127.0.0.1") as listener:
        while not stop.is_set():
            with socket.create_connection(listener.getsockname()):
                listener.accept()[0].close()
