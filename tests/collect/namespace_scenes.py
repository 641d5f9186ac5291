"""Scenes that change interfaces: each runs as its own process in a fresh network namespace.

The argument names a scene; what it saw is printed as JSON.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Final

from devicewarden.collect.delta import delta
from devicewarden.collect.network import NetworkTotals
from devicewarden.collect.registry import quiet_collectors
from devicewarden.collect.sampler import Sampler
from devicewarden.collect.sockets import open_source
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import NETWORK_TRAFFIC, TCP_OPENS, TcpOpens

HOSTILE: Final = b"e\xff\xe9\x1b[m"


class Refusing:
    """A kernel without RTM_GETSTATS."""

    def dump(self, _request: bytes) -> list[bytes]:
        raise CollectError("Operation not supported")

    def close(self) -> None: ...


def ip(*arguments: str | bytes) -> None:
    """Configure interfaces."""
    program = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    assert program, "iproute2 is needed"
    subprocess.run([program, *arguments], check=True)  # noqa: S603 -- in a namespace of our own


def add_pair(name: str | bytes, *address: str) -> None:
    """Add an interface that is connected to another one of this namespace."""
    ip("link", "add", name, "type", "veth", "peer", "name", "other")
    for each in address:
        ip("address", "add", each, "dev", name)
    for each_name in (name, "other"):
        ip("link", "set", each_name, "up")


def send(interface: str, payload: bytes) -> None:
    """Send one Ethernet frame, of a type that nobody answers."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind((interface, 0))
        raw.send(bytes(12) + b"\x88\xb5" + payload)


def recreated_interface() -> Mapping[str, object]:
    """Delete an interface after traffic, make it again under its name, and send less."""
    sampler = Sampler(quiet_collectors(open_source("auto")))
    add_pair("here")
    send("here", bytes(1000))
    before = sampler.take()
    index_before = socket.if_nametoindex("here")
    ip("link", "delete", "here")
    add_pair("here")
    send("here", bytes(10))
    after = sampler.take()
    send("here", bytes(100))
    later = sampler.take()
    return {
        "index_moved": socket.if_nametoindex("here") != index_before,
        "recreated": delta(before, after).values[NETWORK_TRAFFIC],
        "later": delta(after, later).values[NETWORK_TRAFFIC],
    }


def loopback() -> Mapping[str, object]:
    """Open five connections inside the host, and close them before anybody looks."""
    sampler = Sampler(quiet_collectors(open_source("auto")))
    server = socket.create_server(("127.0.0.1", 0))
    before = sampler.take()
    for _ in range(5):
        with socket.create_connection(server.getsockname()) as client, server.accept()[0]:
            client.sendall(bytes(1000))
    metrics = delta(before, sampler.take()).values
    opens = metrics[TCP_OPENS]
    assert isinstance(opens, TcpOpens)
    return {"opens": [opens.active, opens.passive], "traffic": metrics[NETWORK_TRAFFIC]}


def hostile_name() -> Mapping[str, object]:
    """Listen on an interface whose name is no text, and read the counters both ways."""
    add_pair(HOSTILE, "192.0.2.1/24")
    with socket.create_server(("192.0.2.1", 4433)):
        listeners = own_namespace()
    counters = [NetworkTotals(netlink).collect()[NETWORK_TRAFFIC] for netlink in (None, Refusing())]
    return {"listeners": listeners, "counters_equal": counters[0] == counters[1]}


def own_namespace() -> Mapping[str, object]:
    """List what can be seen from here."""
    return {
        choice: sorted(open_source(choice).listening_tcp())
        for choice in ("netlink", "proc", "psutil")
    }


SCENES: Final[Mapping[str, Callable[[], Mapping[str, object]]]] = {
    scene.__name__: scene for scene in (recreated_interface, loopback, hostile_name, own_namespace)
}

if __name__ == "__main__":
    ip("link", "set", "lo", "up")
    sys.stdout.write(json.dumps(SCENES[sys.argv[1]]()))
