"""What it costs to find the owner of one socket, and all remote addresses, beside psutil.

`python -m tests.bench.load L2 python -m tests.bench.owner ROUNDS` prints one JSON object: median
CPU microseconds of one call of each way. As root it also measures an unprivileged search.
"""

import json
import os
import socket
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final

import psutil
from tests.bench.sampling import cpu_us

from devicewarden.collect.destinations import open_destinations
from devicewarden.collect.netlink import Netlink
from devicewarden.collect.owner import open_owners
from devicewarden.collect.peers import NetlinkPeers
from devicewarden.collect.sock_diag import NETLINK_SOCK_DIAG
from devicewarden.model.metric import Listener

Way = Callable[[], object]
NOBODY: Final = 65534
BYSTANDERS: Final = 20


@contextmanager
def child(*, uid: int, listens: bool) -> Iterator[Listener]:
    """Start a process that listens, or just is there; it ends with the context."""
    keep_read, keep_write = os.pipe()
    told_read, told_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(keep_write)
        if uid:
            os.setuid(uid)
        with socket.create_server(("127.0.0.1", 0)) if listens else ExitStack() as held:
            port = held.getsockname()[1] if isinstance(held, socket.socket) else 0
            os.write(told_write, f"{port}\n".encode())
            os.read(keep_read, 1)
        os._exit(0)
    try:
        yield Listener("127.0.0.1", int(os.read(told_read, 16)), None)
    finally:
        for descriptor in (keep_read, keep_write, told_read, told_write):
            os.close(descriptor)
        os.waitpid(pid, 0)


def unprivileged(way: Way, times: int) -> float:
    """Measure what a call costs a user who may look into no other process."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setuid(NOBODY)
        os.write(write, str(cpu_us(way, times)).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    cost = float(os.read(read, 64))
    os.close(read)
    os.close(write)
    return cost


def measure(rounds: int) -> Mapping[str, float]:
    """Measure each way a few times; the first call, with cold caches, is not counted."""
    root = os.geteuid() == 0
    owners = open_owners([])
    peers = NetlinkPeers(Netlink(NETLINK_SOCK_DIAG, "sockets"))
    destinations = open_destinations("auto")
    known = peers.beyond(frozenset())
    with ExitStack() as stack:
        other = stack.enter_context(child(uid=NOBODY if root else 0, listens=True))
        for _ in range(BYSTANDERS):
            stack.enter_context(child(uid=0, listens=False))
        newest = stack.enter_context(child(uid=0, listens=True))
        ways: dict[str, tuple[Way, int]] = {
            "psutil": (lambda: psutil.net_connections("inet"), 1),
            "owner, newest process": (lambda: owners.of_listener(newest, "tcp"), 10),
            "owner, another user": (lambda: owners.of_listener(other, "tcp"), 10),
            "owner of a peer": (lambda: owners.of_remote("127.0.0.1"), 1),
            "destinations, nothing opened": (destinations.collect, 50),
            "peer scan, all known": (lambda: peers.beyond(known), 5),
            "peer scan, none known": (lambda: peers.beyond(frozenset()), 3),
        }
        costs = {name: median(way, times, rounds) for name, (way, times) in ways.items()}
        if root:
            costs["owner, unprivileged"] = statistics.median(
                unprivileged(lambda: owners.of_listener(newest, "tcp"), 10) for _ in range(rounds)
            )
    return costs


def median(way: Way, times: int, rounds: int) -> float:
    way()
    return statistics.median(cpu_us(way, times) for _ in range(rounds))


def main() -> None:
    print(json.dumps(measure(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
