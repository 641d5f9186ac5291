"""Sockets too short for any sample, on the real kernel: told when they close, or counted.

They live no time at all; so do sockets of ten milliseconds, as far as a sample a second can tell.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest

from devicewarden.collect.close_events import Closed, CloseEvents
from devicewarden.collect.destinations import DestinationAddresses, open_destinations
from devicewarden.collect.destroy_events import TCP_GROUPS, DestroyEvents
from devicewarden.collect.sockets import SourceChoice
from devicewarden.model.metric import (
    CLOSED_TCP_PORTS,
    DESTINATIONS,
    Destinations,
    Listener,
    Listeners,
)

pytestmark = pytest.mark.e2e

WAIT_S = 10.0


@pytest.fixture
def destinations() -> Iterator[DestinationAddresses]:
    with closing(open_destinations("auto")) as opened:
        opened.collect()
        yield opened


def sampled(collector: DestinationAddresses) -> Destinations:
    value = collector.collect()[DESTINATIONS]
    assert isinstance(value, Destinations)
    return value


def seen(
    collector: DestinationAddresses, until: Callable[[set[str]], bool]
) -> tuple[set[str], int]:
    """Take samples until the addresses are as wanted; gives them and what was missed."""
    addresses, missed, deadline = set[str](), 0, time.monotonic() + WAIT_S
    while not until(addresses) and time.monotonic() < deadline:
        sample = sampled(collector)
        addresses |= sample.addresses
        missed += sample.missed
    return addresses, missed


@contextmanager
def server() -> Iterator[socket.socket]:
    with socket.create_server(("0.0.0.0", 0), backlog=1024) as listening:
        yield listening


def visit(listening: socket.socket, address: str) -> None:
    """Open a connection and close both its ends."""
    with socket.create_connection((address, listening.getsockname()[1])), listening.accept()[0]:
        pass


def test_a_hundred_listeners_that_close_at_once_are_all_told(
    destinations: DestinationAddresses,
) -> None:
    expected = set()
    for _ in range(100):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            expected.add(Listener("127.0.0.1", listening.getsockname()[1], "lo"))

    told, deadline = set[Listener](), time.monotonic() + WAIT_S
    while not expected <= told and time.monotonic() < deadline:
        closed = destinations.collect()[CLOSED_TCP_PORTS]
        assert isinstance(closed, Listeners)
        told |= closed.items

    assert expected <= told


def test_a_hundred_connections_that_close_at_once_are_all_told(
    destinations: DestinationAddresses,
) -> None:
    expected = {f"127.77.0.{number}" for number in range(1, 101)}
    with server() as listening:
        for address in expected:
            visit(listening, address)

        addresses, missed = seen(destinations, expected.issubset)

    assert expected <= addresses
    assert missed == 0


def test_of_a_thousand_short_connections_every_address_is_told_or_the_gap_is_counted(
    destinations: DestinationAddresses,
) -> None:
    expected = {f"127.78.{number // 250}.{number % 250 + 1}" for number in range(1000)}
    with server() as listening:
        for number, address in enumerate(expected):
            visit(listening, address)
            if number % 100 == 0:
                destinations.pump()

        addresses, missed = seen(destinations, expected.issubset)

    assert len(expected - addresses) <= missed


def test_a_connection_that_stays_is_seen_at_the_next_sample_and_forgotten_after_it_closed(
    destinations: DestinationAddresses,
) -> None:
    with server() as listening, ExitStack() as stack:
        port = listening.getsockname()[1]
        stack.enter_context(socket.create_connection(("127.79.0.1", port)))
        stack.enter_context(listening.accept()[0])
        first = sampled(destinations).addresses
        later = sampled(destinations).addresses

    gone = False
    deadline = time.monotonic() + WAIT_S
    while not gone and time.monotonic() < deadline:
        gone = "127.79.0.1" not in sampled(destinations).addresses

    assert "127.79.0.1" in first & later
    assert gone


@pytest.mark.parametrize("choice", ["auto", "proc"])
def test_a_connection_that_one_end_has_closed_counts(choice: SourceChoice) -> None:
    with (
        closing(open_destinations(choice)) as collector,
        server() as listening,
        socket.create_connection(("127.79.0.2", listening.getsockname()[1])),
    ):
        listening.accept()[0].close()

        assert "127.79.0.2" in sampled(collector).addresses


def test_mapped_peers_are_told_as_ipv4(destinations: DestinationAddresses) -> None:
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listening:
        visit(listening, "127.79.0.3")

        addresses, _ = seen(destinations, lambda found: "127.79.0.3" in found)

    assert "127.79.0.3" in addresses
    assert not [each for each in addresses if each.startswith("::ffff:")]


def test_a_refused_connection_tells_where_it_went(destinations: DestinationAddresses) -> None:
    with socket.socket() as reserved, socket.socket() as client:
        reserved.bind(("127.79.0.4", 0))
        with pytest.raises(ConnectionRefusedError):
            client.connect(reserved.getsockname())

    addresses, _ = seen(destinations, lambda found: "127.79.0.4" in found)

    assert "127.79.0.4" in addresses


def test_without_close_events_short_connections_are_seen_or_counted() -> None:
    expected = {f"127.79.1.{number}" for number in range(1, 6)}
    with closing(open_destinations("proc")) as collector, server() as listening:
        collector.collect()
        for address in expected:
            visit(listening, address)
        sample = sampled(collector)

    assert len(expected - sample.addresses) <= sample.missed
    assert collector.problems == {"close events": "collect.source is not netlink"}


def drained(events: CloseEvents, until: Callable[[Closed], bool]) -> Closed:
    """Drain until it is as wanted; gives the sum."""
    total = Closed(frozenset(), frozenset(), frozenset(), 0)
    deadline = time.monotonic() + WAIT_S
    while not until(total) and time.monotonic() < deadline:
        closed = events.drain()
        total = Closed(
            total.tcp_listeners | closed.tcp_listeners,
            total.udp_listeners | closed.udp_listeners,
            total.destinations | closed.destinations,
            (total.lost or 0) + (closed.lost or 0),
        )
    return total


def test_what_finds_no_room_is_counted_one_by_one() -> None:
    tiny, roomy = (CloseEvents(tcp=DestroyEvents(TCP_GROUPS, size)) for size in (1, 8 << 20))
    expected = {f"127.80.0.{number}" for number in range(1, 101)}
    with closing(tiny), closing(roomy), server() as listening:
        tiny.drain()
        roomy.drain()
        for address in expected:
            visit(listening, address)

        everything = drained(roomy, lambda total: expected <= total.destinations)
        little = drained(tiny, lambda total: bool(total.lost))

    assert expected <= everything.destinations
    assert everything.lost == 0
    # Two ends a connection; what the tiny buffer told is not lost.
    assert little.lost is not None
    assert little.lost >= len(expected - little.destinations) > 0
