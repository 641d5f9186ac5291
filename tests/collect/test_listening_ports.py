"""Listeners as a metric, and when a listener is believed to be gone."""

import pytest
from tests.collect import recorded
from tests.collect.recorded import PROC, names

from devicewarden.collect.connections import EstablishedConnections
from devicewarden.collect.listening_ports import (
    ListeningPorts,
    listening_tcp_ports,
    listening_udp_ports,
)
from devicewarden.collect.procfs import ProcSource
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import (
    ESTABLISHED_CONNECTIONS,
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    Connections,
    Listener,
    Listeners,
)

SSH, WEB, NTP = (Listener("::", port, None) for port in (22, 80, 123))


class Readings:
    """Gives one list after another and counts how many were asked for."""

    def __init__(self, *lists: set[Listener] | Exception) -> None:
        self._lists = list(lists)
        self.closed = False

    def __call__(self) -> frozenset[Listener]:
        given = self._lists.pop(0)
        if isinstance(given, Exception):
            raise given
        return frozenset(given)

    @property
    def left(self) -> int:
        return len(self._lists)

    def close(self) -> None:
        self.closed = True


def collector(readings: Readings) -> ListeningPorts:
    return ListeningPorts("listening-tcp-ports", LISTENING_TCP_PORTS, readings, readings.close)


def test_each_list_stands_under_its_metric() -> None:
    source = ProcSource(names(), PROC)

    tcp = listening_tcp_ports(source).collect()
    udp = listening_udp_ports(source).collect()
    established = EstablishedConnections(source).collect()

    assert tcp == {LISTENING_TCP_PORTS: Listeners(recorded.TCP | {recorded.ON_UNKNOWN_DEVICE})}
    assert udp == {LISTENING_UDP_PORTS: Listeners(recorded.UDP)}
    assert established == {ESTABLISHED_CONNECTIONS: Connections(recorded.ESTABLISHED)}


def test_no_listener_is_an_empty_list() -> None:
    assert collector(Readings(set())).collect() == {LISTENING_TCP_PORTS: Listeners(frozenset())}


def test_a_listener_that_one_list_lacks_by_chance_is_still_there() -> None:
    ports = collector(Readings({SSH, WEB}, {SSH}, {SSH, WEB}))
    ports.collect()

    assert ports.collect() == {LISTENING_TCP_PORTS: Listeners(frozenset({SSH, WEB}))}


def test_a_listener_that_two_lists_lack_is_gone() -> None:
    ports = collector(Readings({SSH, WEB}, {SSH, NTP}, {SSH, NTP}))
    ports.collect()

    assert ports.collect() == {LISTENING_TCP_PORTS: Listeners(frozenset({SSH, NTP}))}


def test_one_list_is_enough_while_none_is_gone() -> None:
    readings = Readings({SSH}, {SSH}, {SSH, WEB}, set())
    ports = collector(readings)

    for _ in range(3):
        ports.collect()

    assert readings.left == 1


def test_one_failed_read_does_not_end_collecting() -> None:
    ports = collector(Readings({SSH}, CollectError("no buffer space"), {SSH}))
    ports.collect()

    with pytest.raises(CollectError):
        ports.collect()

    assert ports.collect() == {LISTENING_TCP_PORTS: Listeners(frozenset({SSH}))}


def test_closing_closes_the_source() -> None:
    readings = Readings()

    collector(readings).close()

    assert readings.closed
