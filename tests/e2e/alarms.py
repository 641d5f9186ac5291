"""Security profiles to break, and the messages that come of it."""

import os
import socket
from collections.abc import Sequence
from contextlib import closing
from ipaddress import IPv4Network
from typing import Any, Final

from devicewarden.sandbox.sandbox import Sandbox
from devicewarden.sandbox.told import Told

PROFILE: Final = "e2e"
DEADLINE_S: Final = 30.0
# Nobody else listens on this address; ports by process, so that two runs of the tests may meet,
# and below those that the kernel hands out.
HOST: Final = "127.99.0.1"
FIRST_PORT: Final = 20_000 + os.getpid() % 120 * 100
PORTS: Final = range(FIRST_PORT, FIRST_PORT + 100)
FORBIDDEN: Final = IPv4Network("127.98.0.0/16")
"""Addresses that nobody but these tests connects to."""
ALLOWED: Final = (
    *map(str, IPv4Network("0.0.0.0/0").address_exclude(FORBIDDEN)),
    "::/0",
)


class Violations:
    """Messages on violations as the endpoint hears them, each event once, however often it comes.

    Attributes:
        ids: of all violations heard of, in order.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.ids: list[str] = []
        self._heard: set[tuple[str, str]] = set()
        self._queue = sandbox.watch_violations()

    def next(self) -> Told:
        """Wait for the next event; queue.Empty if none comes."""
        while True:
            told = self._queue.get(timeout=DEADLINE_S)
            event = (told.violation_id, told.kind)
            if event not in self._heard:
                self._heard.add(event)
                self.ids += [told.violation_id] if told.violation_id not in self.ids else []
                return told

    def take(self, number: int) -> list[Told]:
        """Wait for so many events."""
        return [self.next() for _ in range(number)]


def profile(*behaviors: dict[str, Any], name: str = PROFILE) -> dict[str, Any]:
    return {"securityProfileName": name, "behaviors": list(behaviors)}


def forbids_port(port: int, **more: object) -> dict[str, Any]:
    """Make a behavior, named by the port, that alarms when it listens."""
    criteria = {"comparisonOperator": "not-in-port-set", "value": {"ports": [port]}}
    metric = "aws:listening-tcp-ports"
    return {"name": f"port-{port}", "metric": metric, "criteria": criteria, **more}


def restricts_destinations(name: str, operator: str, cidrs: Sequence[str]) -> dict[str, Any]:
    criteria = {"comparisonOperator": operator, "value": {"cidrs": list(cidrs)}}
    return {"name": name, "metric": "aws:destination-ip-addresses", "criteria": criteria}


def listen(port: int = FIRST_PORT) -> "closing[socket.socket]":
    """Listen on HOST until the `with` ends."""
    return closing(socket.create_server((HOST, port)))
