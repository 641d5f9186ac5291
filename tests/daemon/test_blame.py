"""Who did it: owners are looked up for what offends, and for no more than a few."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from devicewarden.collect.socket_makers import Transport
from devicewarden.daemon.blame import ASKED_AT_MOST, owners_of
from devicewarden.model.behavior import Behavior, PortSet
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import (
    DESTINATIONS,
    LISTENING_TCP_PORTS,
    NETWORK_TRAFFIC,
    Listener,
    Listeners,
    Sample,
)
from devicewarden.model.owner import Owner
from devicewarden.model.violation import ViolationEvent

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NC = Owner(uid=1000, user="pi", pid=77, programs=("nc",), exact=True)


class Kernel:
    """Knows one owner, and writes down what it was asked."""

    def __init__(self, *, broken: bool = False) -> None:
        self.asked: list[object] = []
        self._broken = broken

    def of_listener(self, listener: Listener, transport: Transport) -> Owner | None:
        if self._broken:
            raise CollectError("no netlink")
        self.asked.append((listener.port, transport))
        return NC if listener.port == 4444 else None

    def of_remote(self, address: str) -> Owner | None:
        self.asked.append(address)
        return NC


def event(metric: str, context: Mapping[str, Any]) -> ViolationEvent:
    behavior = Behavior(
        name="b",
        metric=metric,
        criteria=PortSet(frozenset({4444}), inside=False),
        duration_s=None,
        to_alarm=1,
        to_clear=1,
        suppressed=False,
        document={},
    )
    return ViolationEvent(
        violation_id="0" * 32,
        thing="edge-1",
        profile="p",
        behavior=behavior,
        kind="in-alarm",
        at=NOW,
        value=None,
        confidence=None,
        context=context,
    )


def listening(*ports: int) -> Sample:
    items = frozenset(Listener("192.0.2.1", port, "eth0") for port in ports)
    return Sample(
        taken_at=NOW,
        uptime_s=1,
        boot_id="b",
        values={LISTENING_TCP_PORTS: Listeners(items)},
        failed={},
    )


def test_the_owner_of_an_offending_port_is_named_with_all_that_is_known() -> None:
    kernel = Kernel()

    owners = owners_of(
        event(LISTENING_TCP_PORTS, {"offending": [4444]}), listening(22, 4444), kernel
    )

    assert owners == [
        {
            "port": 4444,
            "listens_on": "192.0.2.1",
            "uid": 1000,
            "user": "pi",
            "pid": 77,
            "programs": ("nc",),
            "exact": True,
        }
    ]
    assert kernel.asked == [(4444, "tcp")]


def test_a_port_that_closed_meanwhile_has_no_owner() -> None:
    assert owners_of(event(LISTENING_TCP_PORTS, {"offending": [4444]}), listening(), Kernel()) == []


def test_a_scan_is_not_looked_up_to_its_end() -> None:
    kernel = Kernel()
    addresses = [f"203.0.113.{n}" for n in range(200)]

    owners = owners_of(event(DESTINATIONS, {"offending": addresses}), listening(), kernel)

    assert kernel.asked == addresses[:ASKED_AT_MOST]
    assert [owner["address"] for owner in owners] == addresses[:ASKED_AT_MOST]


def test_a_violation_stands_without_its_owner_where_the_kernel_does_not_tell() -> None:
    sample = listening(4444)

    assert (
        owners_of(event(LISTENING_TCP_PORTS, {"offending": [4444]}), sample, Kernel(broken=True))
        == []
    )


def test_traffic_has_no_owner() -> None:
    kernel = Kernel()

    assert owners_of(event(NETWORK_TRAFFIC, {}), listening(22), kernel) == []
    assert kernel.asked == []
