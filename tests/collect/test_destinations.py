"""Remote addresses at every sample: when sockets are listed, and what is told of the others."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.collect.recorded import DATA, PROC, Replies, dumps, names, received
from tests.collect.told import Told

from devicewarden.collect.close_events import CloseEvents
from devicewarden.collect.destinations import DestinationAddresses, NoCloseEvents
from devicewarden.collect.opens import TcpOpenCounts
from devicewarden.collect.peers import NetlinkPeers, ProcPeers, parse
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import (
    CLOSED_TCP_PORTS,
    CLOSED_UDP_PORTS,
    DESTINATIONS,
    TCP_OPENS,
    Destinations,
    Listeners,
    TcpOpens,
)

HERE = {"127.0.0.1", "192.0.2.1", "2001:db8::1"}


class Peers:
    """Addresses that a test sets; remembers what it was asked for."""

    def __init__(self, *addresses: str) -> None:
        self.present = set(addresses)
        self.asked: list[frozenset[str]] = []
        self.fresh = 0
        self.refuses = False
        self.closed = 0

    def beyond(self, known: frozenset[str]) -> frozenset[str]:
        if self.refuses:
            raise CollectError("cannot list sockets")
        self.asked.append(known)
        return frozenset(self.present) - known

    def close(self) -> None:
        self.closed += 1


class Opens(TcpOpenCounts):
    """Counts that a test sets."""

    def __init__(self) -> None:
        super().__init__(DATA)
        self.active = 1

    def read(self) -> TcpOpens:
        return TcpOpens(self.active, 1)


class World:
    """One collector with its surroundings."""

    def __init__(self, *addresses: str, told: Iterable[list[bytes]] = (), lost: int = 0) -> None:
        self.peers = Peers(*addresses)
        self.opens = Opens()
        # The first reading subscribes before it lists, so it takes a batch of its own.
        self.tcp = Told([], *told, lost=lost)
        events = CloseEvents(names(), self.tcp, Told(), range(0))
        self.collector = DestinationAddresses(self.peers, events, self.opens)

    def sample(self) -> Destinations:
        value = self.collector.collect()[DESTINATIONS]
        assert isinstance(value, Destinations)
        return value

    def addresses(self) -> set[str]:
        return set(self.sample().addresses)


def test_while_nothing_is_opened_the_sockets_are_not_listed_again() -> None:
    world = World("192.0.2.7")

    samples = [world.addresses() for _ in range(30)]

    assert samples == [{"192.0.2.7"}] * 30
    # Once more after the first time, for what the kernel counted and had not listed yet.
    assert len(world.peers.asked) == 2


def test_when_the_count_of_opens_moves_only_unknown_addresses_are_asked_for() -> None:
    world = World("192.0.2.7")
    world.sample()

    world.opens.active += 1
    world.peers.present.add("192.0.2.8")

    assert world.addresses() == {"192.0.2.7", "192.0.2.8"}
    assert world.peers.asked[-1] == {"192.0.2.7"}


def test_a_socket_that_was_counted_before_it_was_listed_is_found_at_the_next_sample() -> None:
    world = World()
    world.sample()
    world.sample()
    world.opens.active += 1
    world.sample()

    world.peers.present.add("192.0.2.8")

    assert world.addresses() == {"192.0.2.8"}


def test_while_nothing_changes_it_is_the_same_set_so_that_nobody_looks_at_it_again() -> None:
    world = World("192.0.2.7")
    first = world.sample().addresses

    world.opens.active += 1

    assert [world.sample().addresses is first for _ in range(3)] == [True, True, True]


def test_a_connection_between_two_samples_is_told_once_from_its_close_event() -> None:
    world = World(told=[[], received("closed_tcp")])
    world.sample()

    assert "192.0.2.9" in world.addresses()
    assert world.addresses() == set()


def test_listeners_that_closed_are_told_beside_the_addresses() -> None:
    world = World(told=[received("closed_tcp")])

    values = world.collector.collect()

    tcp = values[CLOSED_TCP_PORTS]
    assert isinstance(tcp, Listeners)
    assert 8080 in {each.port for each in tcp.items}
    assert values[CLOSED_UDP_PORTS] == Listeners(frozenset())
    assert values[TCP_OPENS] == TcpOpens(1, 1)


def test_an_address_is_forgotten_a_few_samples_after_its_socket_closed() -> None:
    world = World("192.0.2.7", told=[[], received("closed_tcp")])
    world.sample()
    world.peers.present.clear()

    samples = [world.addresses() for _ in range(12)]

    assert "192.0.2.7" in samples[0]
    assert samples[-1] == set()


def test_an_orphan_that_goes_untold_is_forgotten_once_it_is_quiet() -> None:
    world = World("192.0.2.7", told=[received("closed_tcp")])
    for _ in range(20):
        world.sample()
    world.peers.present.clear()

    samples = [world.addresses() for _ in range(60)]

    assert samples[0] == {"192.0.2.7"}
    assert samples[-1] == set()


def test_events_that_found_no_room_are_counted_as_missed() -> None:
    world = World(lost=17)

    assert [world.sample().missed, world.sample().missed] == [17, 0]


def test_after_a_failed_list_nothing_is_lost() -> None:
    world = World(told=[received("closed_tcp")])

    world.peers.refuses = True
    with pytest.raises(CollectError, match="cannot list sockets"):
        world.collector.collect()
    world.peers.refuses = False

    assert "192.0.2.9" in world.addresses()


def test_closing_gives_everything_back_and_the_next_sample_starts_over() -> None:
    world = World("192.0.2.7")
    world.sample()

    world.collector.close()

    assert (world.peers.closed, world.tcp.closed) == (1, 1)
    assert world.addresses() == {"192.0.2.7"}
    assert world.peers.asked[-1] == frozenset()


def test_without_close_events_opens_less_new_sockets_are_missed() -> None:
    peers, opens = Peers(), Opens()
    collector = DestinationAddresses(peers, NoCloseEvents(), opens, {"close events": "no module"})
    collector.collect()
    opens.active += 10
    peers.fresh = 4

    missed = [collector.collect()[DESTINATIONS] for _ in range(2)]

    assert missed == [Destinations(frozenset(), 6), Destinations(frozenset(), 0)]
    assert collector.problems == {"close events": "no module"}


@pytest.mark.parametrize("known", [frozenset(), frozenset({"198.51.100.1"})])
def test_over_netlink_every_socket_with_a_peer_counts(known: frozenset[str]) -> None:
    netlink = Replies(*dumps("every_state"))

    assert NetlinkPeers(netlink).beyond(known) == HERE
    assert len(netlink.requests[0]) == 76 + (4 + 20 if known else 0)


def test_many_known_addresses_are_not_listed_in_the_request() -> None:
    netlink = Replies(*dumps("every_state"))

    NetlinkPeers(netlink).beyond(frozenset(f"10.0.{n // 250}.{n % 250}" for n in range(251)))

    assert len(netlink.requests[0]) == 76


def test_where_the_older_request_is_refused_both_families_are_asked_for() -> None:
    netlink = Replies(*dumps("every_state"))

    NetlinkPeers(netlink, compat=False).beyond(frozenset())

    assert [asked[16] for asked in netlink.requests] == [2, 10]


def test_from_proc_every_socket_with_a_peer_counts_and_new_ones_are_counted() -> None:
    peers = ProcPeers(PROC)

    assert peers.beyond(frozenset()) == HERE
    first = peers.fresh
    assert peers.beyond(frozenset({"127.0.0.1"})) == HERE - {"127.0.0.1"}
    # Eight established, two half closed, one waiting.
    assert (first, peers.fresh) == (11, 0)


def test_a_proc_without_tcp_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CollectError, match=r"cannot read .*net/tcp"):
        ProcPeers(tmp_path).beyond(frozenset())


def test_a_line_that_is_cut_is_an_error() -> None:
    with pytest.raises(CollectError, match="malformed line"):
        list(parse([b"heading\n", b"0: 0100007F:1F90\n"]))
