"""Sockets to read: connections, listeners and processes on loopback, ended with their parent.

`python -m tests.bench.load L1 COMMAND...` runs a command beside a load and exits with its status.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to read.

    Attributes:
        connections: both ends are local, so the kernel has twice as many rows; 90 % are IPv4,
            8 % IPv6, 2 % IPv4-mapped.
        v4_listeners, v6_listeners, udp: sockets that wait.
        processes: they share the sockets evenly.
    """

    connections: int
    v4_listeners: int
    v6_listeners: int
    udp: int
    processes: int


LOADS: Final = {
    "L0": Load(0, 0, 0, 0, 0),
    "L1": Load(1_000, 50, 30, 10, 20),
    "L2": Load(10_000, 200, 30, 40, 300),
}


@contextmanager
def applied(load: Load) -> Iterator[None]:
    """Hold the load in child processes; each ends when this process closes its pipe, or dies.

    Raises:
        ChildProcessError: a child could not open its sockets.
    """
    keep_read, keep_write = os.pipe()
    children: list[int] = []
    try:
        children.extend(
            _started(load, index, keep_read, keep_write) for index in range(load.processes)
        )
        yield
    finally:
        os.close(keep_write)
        os.close(keep_read)
        for pid in children:
            os.waitpid(pid, 0)


def _started(load: Load, index: int, keep_read: int, keep_write: int) -> int:
    """Fork one process of the load; it is ready before the next begins, and inherits no more."""
    ready_read, ready_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(keep_write)
        os.close(ready_read)
        _hold_and_exit(load, index, ready_write, keep_read)
    os.close(ready_write)
    ready = os.read(ready_read, 1)
    os.close(ready_read)
    if not ready:
        raise ChildProcessError("a process of the load could not open its sockets")
    return pid


def _hold_and_exit(load: Load, index: int, ready: int, keep: int) -> None:
    status = 1
    try:
        held = _opened(load, index)
        os.write(ready, b"r")
        os.close(ready)
        os.read(keep, 1)
        del held
        status = 0
    finally:
        # A forked child must never run on in its parent's program.
        os._exit(status)


def _opened(load: Load, index: int) -> list[socket.socket]:
    """Open the sockets of one process of the load."""

    def part(total: int) -> int:
        return total // load.processes + (index < total % load.processes)

    held = [_listener(socket.AF_INET, "127.0.0.1") for _ in range(part(load.v4_listeners))]
    held += [_listener(socket.AF_INET6, "::1") for _ in range(part(load.v6_listeners))]
    held += [_bound(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1") for _ in range(part(load.udp))]
    return held + _connections(part(load.connections))


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
    v4, v6 = count * 90 // 100, count * 8 // 100
    for family, address, target, how_many in (
        (socket.AF_INET, "127.0.0.1", "127.0.0.1", v4),
        (socket.AF_INET6, "::1", "::1", v6),
        (socket.AF_INET6, "::", "::ffff:127.0.0.1", count - v4 - v6),
    ):
        with _listener(family, address) as listener:
            for _ in range(how_many):
                client = socket.socket(family)
                client.connect((target, listener.getsockname()[1]))
                held += [client, listener.accept()[0]]
    return held


def main() -> int:
    name, *command = sys.argv[1:]
    with applied(LOADS[name]):
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
