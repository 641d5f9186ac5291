"""Remote addresses of the TCP sockets that are open now."""

import socket
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from devicewarden.collect.addresses import WILDCARDS
from devicewarden.collect.netlink import Dumps
from devicewarden.collect.procfs import endpoint
from devicewarden.collect.sock_diag import family_requests, remote_addresses, rows, tcp_requests
from devicewarden.collect.socket_filter import MOST_ADDRESSES, remote_beyond
from devicewarden.model.errors import CollectError

WITH_PEER: Final = sum(1 << state for state in (1, 2, 4, 5, 8, 9, 11))
"""ESTABLISHED, SYN_SENT, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING.

ESTABLISHED alone would miss a connection that one end has closed. SYN_RECV is left out: until the
handshake is complete, anybody can forge the address. So is TIME_WAIT: it begins with a close event,
and there may be tens of thousands.
"""
PROC_WITH_PEER: Final = frozenset({b"01", b"02", b"04", b"05", b"06", b"08", b"09", b"0B"})
"""The same, and TIME_WAIT: without close events it is the only trace of a short connection."""
_FIELDS: Final = 4


class Peers(Protocol):
    """Reads the other ends.

    Attributes:
        fresh: how many sockets the last reading found that the one before did not; 0 where they
            are not counted.
    """

    fresh: int

    def beyond(self, known: frozenset[str]) -> frozenset[str]:
        """Read all addresses that are not known; known ones may be among them.

        Raises:
            CollectError: they cannot be read.
        """
        ...

    def close(self) -> None:
        """Give descriptors back; the next reading opens them again."""
        ...


class NetlinkPeers:
    """Read over netlink: the kernel compares, and copies nothing out for a known address."""

    fresh = 0

    def __init__(self, netlink: Dumps, *, compat: bool = True) -> None:
        """Prepare to read; `compat`: the kernel takes the older request, which is cheaper."""
        self._netlink = netlink
        tcp = partial(family_requests, socket.IPPROTO_TCP)
        self._requests: Callable[[int, bytes], Iterable[bytes]] = tcp_requests if compat else tcp
        self.close = netlink.close

    def beyond(self, known: frozenset[str]) -> frozenset[str]:
        condition = remote_beyond(known) if len(known) <= MOST_ADDRESSES else b""
        requests = self._requests(WITH_PEER, condition)
        runs = [run for each in requests for run in self._netlink.dump(each)]
        return remote_addresses(rows(runs))


class ProcPeers:
    """Read from /proc/net, all of it each time."""

    def __init__(self, root: Path = Path("/proc")) -> None:
        self._net = root / "net"
        self._ends: frozenset[bytes] = frozenset()
        self.fresh = 0

    def beyond(self, known: frozenset[str]) -> frozenset[str]:
        ends = frozenset(self._read())
        self.fresh = len(ends - self._ends)
        self._ends = ends
        return addresses(ends) - known

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _read(self) -> Iterator[bytes]:
        for name in ("tcp", "tcp6"):
            path = self._net / name
            try:
                with path.open("rb") as lines:
                    yield from parse(lines)
            except OSError as error:
                # A host without IPv6 has no IPv6 file.
                if name == "tcp" or not isinstance(error, FileNotFoundError):
                    raise CollectError(f"cannot read {path}: {error}") from error


def parse(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Pick the sockets that have a peer: `LOCAL:PORT REMOTE:PORT`, as the kernel writes it.

    Raises:
        CollectError: a line has too few fields.
    """
    body = iter(lines)
    next(body, None)
    for line in body:
        fields = line.split(None, _FIELDS)
        if len(fields) < _FIELDS:
            raise CollectError(f"malformed line in /proc/net: {line!r}")
        if fields[3] in PROC_WITH_PEER:
            yield b" ".join(fields[1:3])


def addresses(ends: Iterable[bytes]) -> frozenset[str]:
    """Read the remote addresses.

    Raises:
        CollectError: an address is not hexadecimal.
    """
    remote = {end.rpartition(b" ")[2] for end in ends}
    return frozenset(endpoint(end)[0] for end in remote) - WILDCARDS
