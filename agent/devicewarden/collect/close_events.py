"""Sockets as they close: also those that were too short for any sample."""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from devicewarden.collect.destroy_events import TCP_GROUPS, UDP_GROUPS, DestroyEvents, Events
from devicewarden.collect.interfaces import InterfaceNames
from devicewarden.collect.sock_diag import (
    FAMILIES,
    FIELDS,
    RECORD_BYTES,
    Row,
    listeners_among,
    remote_addresses,
)
from devicewarden.model.metric import Listener

_FAMILY_OFFSET: Final = 16
_NO_ADDRESS: Final = bytes(16)
_PORT_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
# Linux's own default.
_USUAL_PORTS: Final = range(32768, 61000)


class Closed(NamedTuple):
    """What closed since the last reading.

    Attributes:
        tcp_listeners: TCP sockets that had a port and no peer. One that was bound and never
            listened is among them: the kernel shows no difference any more.
        udp_listeners: the same of UDP, but for ports that the kernel hands out by itself.
        destinations: remote addresses of TCP sockets, refused and reset ones too.
        lost: sockets of which the kernel could not tell, for lack of room; None: it tells nothing.
    """

    tcp_listeners: frozenset[Listener]
    udp_listeners: frozenset[Listener]
    destinations: frozenset[str]
    lost: int | None


class CloseEvents:
    """Gathers what closes: `pump` as often as the buffer needs it, `drain` when it is judged."""

    def __init__(
        self,
        interfaces: InterfaceNames | None = None,
        tcp: Events | None = None,
        udp: Events | None = None,
        handed_out: range | None = None,
    ) -> None:
        """Prepare to read; descriptors are opened by the first reading.

        Args:
            interfaces: names them for the listeners.
            tcp: closed TCP sockets.
            udp: closed UDP sockets.
            handed_out: ports that the kernel gives to sockets that ask for none; None: it is asked.
                A UDP socket that closes with one of them is taken for a client, such as every
                look-up of a name makes.
        """
        self._interfaces = interfaces or InterfaceNames()
        self._tcp = tcp or DestroyEvents(TCP_GROUPS)
        self._udp = udp or DestroyEvents(UDP_GROUPS)
        self._handed_out = handed_out_ports() if handed_out is None else handed_out
        self._tcp_listeners: set[Listener] = set()
        self._udp_listeners: set[Listener] = set()
        self._destinations: set[str] = set()
        self._lost = 0

    def pump(self) -> None:
        """Take in what waits.

        Raises:
            CollectError: the kernel refused; what was gathered before stays.
        """
        tcp = self._read(self._tcp)
        self._destinations |= remote_addresses(tcp)
        self._tcp_listeners.update(listeners_among(_without_peer(tcp), self._interfaces))
        udp = self._read(self._udp)
        self._udp_listeners.update(
            listener
            for listener in listeners_among(_without_peer(udp), self._interfaces)
            if listener.port not in self._handed_out
        )

    def drain(self) -> Closed:
        """Hand over what was gathered since the last time, and what waits.

        Raises:
            CollectError: the kernel refused; what was gathered before stays.
        """
        self.pump()
        self._lost += self._tcp.lost()
        self._lost += self._udp.lost()
        closed = Closed(
            frozenset(self._tcp_listeners),
            frozenset(self._udp_listeners),
            frozenset(self._destinations),
            self._lost,
        )
        for gathered in (self._tcp_listeners, self._udp_listeners, self._destinations):
            gathered.clear()
        self._lost = 0
        return closed

    def close(self) -> None:
        """Give descriptors back; the next reading opens them again."""
        for each in (self._tcp, self._udp, self._interfaces):
            each.close()

    def _read(self, events: Events) -> list[Row]:
        """Read what waits; a malformed message counts as lost."""
        heads = list(events.waiting())
        sound = [
            head for head in heads if len(head) == RECORD_BYTES and head[_FAMILY_OFFSET] in FAMILIES
        ]
        self._lost += len(heads) - len(sound)
        return list(struct.iter_unpack(FIELDS, b"".join(sound)))


def _without_peer(rows: Iterable[Row]) -> Iterator[Row]:
    """Leave out refused and reset connections, which have lost the remote port alone."""
    return (row for row in rows if row[4] == _NO_ADDRESS)


def handed_out_ports(path: Path = _PORT_RANGE) -> range:
    """Read which ports the kernel gives to sockets that ask for none."""
    try:
        first, last = path.read_bytes().split()
        return range(int(first), int(last) + 1)
    except (OSError, ValueError):
        return _USUAL_PORTS
