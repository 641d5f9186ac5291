"""Collects remote addresses of TCP sockets at every sample, however many sockets there are."""

import socket
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from devicewarden.collect.close_events import Closed, CloseEvents
from devicewarden.collect.netlink import Netlink
from devicewarden.collect.opens import TcpOpenCounts
from devicewarden.collect.peers import NetlinkPeers, Peers, ProcPeers
from devicewarden.collect.sock_diag import (
    LISTEN,
    NETLINK_SOCK_DIAG,
    UDP_UNCONNECTED,
    family_requests,
    tcp_requests,
)
from devicewarden.collect.sockets import SourceChoice
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import (
    CLOSED_TCP_PORTS,
    CLOSED_UDP_PORTS,
    DESTINATIONS,
    TCP_OPENS,
    Destinations,
    Listeners,
    RawValue,
    TcpOpens,
)

FORGET_EVERY: Final = 10
"""After so many samples, addresses whose last socket closed meanwhile are forgotten."""
FORGET_ONCE_QUIET_FOR: Final = (60, 600)
"""The same so many samples after the last one closed: an orphan in FIN_WAIT2 goes untold."""

_NOTHING_TOLD: Final = Closed(frozenset(), frozenset(), frozenset(), None)


class Closings(Protocol):
    """What tells closed sockets, as `CloseEvents` does."""

    def pump(self) -> None:
        """Take in what waits."""
        ...

    def drain(self) -> Closed:
        """Hand over what closed since the last time."""
        ...

    def close(self) -> None:
        """Give descriptors back."""
        ...


class NoCloseEvents:
    """Stands in where the kernel tells no closed sockets."""

    def pump(self) -> None:
        """Do nothing."""

    def drain(self) -> Closed:
        return _NOTHING_TOLD

    def close(self) -> None:
        """Do nothing."""


class DestinationAddresses:
    """Remote addresses of all TCP sockets, the count of opens, and listeners that closed.

    Sockets are listed only where the kernel's count of opens moved, and once more at the sample
    after that, because the kernel counts an open a moment before it lists the socket. What closed
    in between comes from close events. Where there are none, the count of opens tells how many
    sockets were missed.

    Attributes:
        problems: what the kernel does not tell -> why.
    """

    name = "destinations"

    def __init__(
        self,
        peers: Peers,
        closings: Closings,
        opens: TcpOpenCounts,
        problems: Mapping[str, str] | None = None,
    ) -> None:
        self._peers = peers
        self._closings = closings
        self._opens = opens
        self.problems: Mapping[str, str] = problems or {}
        self._seen: TcpOpens | None = None
        self._unsettled = False
        self._closed = False
        self._age = 0
        self._quiet_for = 0
        self._present: frozenset[str] = frozenset()

    def pump(self) -> None:
        """Take in close events, so that they find room; a few times a second is enough.

        Raises:
            CollectError: the kernel refused.
        """
        self._closings.pump()

    def collect(self) -> Mapping[str, RawValue]:
        if self._seen is None:
            # Subscribed before the first list is read: what closes after that is told.
            self._closings.pump()
        opens = self._opens.read()
        opened = self._read_present(opens)
        closed = self._closings.drain()
        if closed.destinations or closed.lost != 0:
            self._closed, self._quiet_for = True, 0
        missed = max(0, opened - self._peers.fresh) if closed.lost is None else closed.lost
        return {
            TCP_OPENS: opens,
            DESTINATIONS: Destinations(self._with(closed.destinations), missed),
            CLOSED_TCP_PORTS: Listeners(closed.tcp_listeners),
            CLOSED_UDP_PORTS: Listeners(closed.udp_listeners),
        }

    def close(self) -> None:
        """Give descriptors back; the next reading opens them again."""
        self._seen = None
        for each in (self._peers, self._closings, self._opens):
            each.close()

    def _with(self, more: frozenset[str]) -> frozenset[str]:
        """Add addresses; where that changes nothing it is the same set, which is known already."""
        return self._present if more <= self._present else self._present | more

    def _read_present(self, opens: TcpOpens) -> int:
        """Bring the addresses up to date, if need be; tell how many sockets were opened."""
        moved = opens != self._seen
        self._age += 1
        self._quiet_for += 1
        if self._is_stale():
            self._present = self._peers.beyond(frozenset())
            self._age, self._closed = 0, False
        elif moved or self._unsettled:
            self._present = self._with(self._peers.beyond(self._present))
        before, self._seen, self._unsettled = self._seen, opens, moved
        if before is None:
            return 0
        return opens.active - before.active + opens.passive - before.passive

    def _is_stale(self) -> bool:
        """Tell whether addresses may be known that nobody has any more."""
        overdue = self._closed and self._age >= FORGET_EVERY
        return self._seen is None or overdue or self._quiet_for in FORGET_ONCE_QUIET_FOR


def open_destinations(choice: SourceChoice) -> DestinationAddresses:
    """Ask the kernel, once, what it can tell; /proc where the choice or the kernel wants that.

    It never fails: what cannot be read says so at each reading.
    """
    opens = TcpOpenCounts()
    compat, why = False, "collect.source is not netlink"
    if choice in {"auto", "netlink"}:
        compat = not _refusal(tcp_requests(LISTEN))
        why = "" if compat else _refusal(family_requests(socket.IPPROTO_TCP, LISTEN))
    if why:
        return DestinationAddresses(ProcPeers(), NoCloseEvents(), opens, {"close events": why})
    udp = _refusal(family_requests(socket.IPPROTO_UDP, UDP_UNCONNECTED))
    return DestinationAddresses(
        NetlinkPeers(Netlink(NETLINK_SOCK_DIAG, "sockets"), compat=compat),
        CloseEvents(),
        opens,
        {"UDP close events": udp} if udp else None,
    )


def _refusal(requests: Iterable[bytes]) -> str:
    """Say why the kernel does not list the sockets of a protocol; it then tells no closings either.

    Subscribing proves nothing: the kernel takes that also where the module is missing.
    """
    netlink = Netlink(NETLINK_SOCK_DIAG, "sockets")
    try:
        for each in requests:
            netlink.dump(each)
    except CollectError as error:
        return str(error)
    finally:
        netlink.close()
    return ""
