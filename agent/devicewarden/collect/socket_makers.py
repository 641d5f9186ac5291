"""What the kernel knows of whoever made a socket: user id, inode, cgroup. No privilege needed."""

import socket
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from devicewarden.collect.netlink import Dumps, attributes, messages
from devicewarden.collect.peers import PROC_WITH_PEER, WITH_PEER
from devicewarden.collect.procfs import LISTEN as PROC_LISTEN
from devicewarden.collect.procfs import UDP_UNCONNECTED as PROC_UDP_UNCONNECTED
from devicewarden.collect.procfs import endpoint
from devicewarden.collect.sock_diag import LISTEN, UDP_UNCONNECTED, family_requests
from devicewarden.collect.socket_filter import local_end, remote_address
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Listener

Transport: TypeAlias = Literal["tcp", "udp"]

_UID_AND_INODE: Final = struct.Struct("=80xII")
"""After the header and most of `struct inet_diag_msg`; attributes follow."""
_CGROUP_ID: Final = 21
_CGROUP: Final = struct.Struct("=Q")
_LISTENING: Final = {
    "tcp": (socket.IPPROTO_TCP, LISTEN, PROC_LISTEN),
    "udp": (socket.IPPROTO_UDP, UDP_UNCONNECTED, PROC_UDP_UNCONNECTED),
}
_FIELDS: Final = 10


class Maker(NamedTuple):
    """What one socket remembers of its making.

    Attributes:
        inode: 0 where no process holds the socket: a connection that nobody accepted yet.
        uid: user id; None where there is no inode, since the kernel then shows 0 for everybody.
        cgroup: id of the cgroup of whoever made the socket, None where the kernel does not tell.
    """

    inode: int
    uid: int | None
    cgroup: int | None


class Makers(Protocol):
    """Looks sockets up, one at a time."""

    def of_listener(self, listener: Listener, transport: Transport) -> Iterable[Maker]:
        """Find the sockets with this address and port; twins are several.

        Raises:
            CollectError: they cannot be read.
        """
        ...

    def of_remote(self, address: str) -> Iterable[Maker]:
        """Find the TCP sockets whose remote address this is.

        Raises:
            CollectError: they cannot be read.
        """
        ...


class NetlinkMakers:
    """Asked over netlink; the kernel looks for the socket."""

    def __init__(self, netlink: Dumps) -> None:
        self._netlink = netlink

    def of_listener(self, listener: Listener, transport: Transport) -> Iterable[Maker]:
        protocol, states, _ = _LISTENING[transport]
        return self._ask(protocol, states, local_end(listener.address, listener.port))

    def of_remote(self, address: str) -> Iterable[Maker]:
        return self._ask(socket.IPPROTO_TCP, WITH_PEER, remote_address(address))

    def _ask(self, protocol: int, states: int, condition: bytes) -> Iterator[Maker]:
        requests = family_requests(protocol, states, condition)
        try:
            runs = [run for each in requests for run in self._netlink.dump(each)]
        finally:
            self._netlink.close()
        yield from makers(runs)


class ProcMakers:
    """Looked for in /proc/net, which tells no cgroup."""

    def __init__(self, root: Path = Path("/proc")) -> None:
        self._net = root / "net"

    def of_listener(self, listener: Listener, transport: Transport) -> Iterable[Maker]:
        state = _LISTENING[transport][2]
        return [
            maker
            for here, _, maker in self._rows(transport, frozenset({state}))
            if endpoint(here) == (listener.address, listener.port)
        ]

    def of_remote(self, address: str) -> Iterable[Maker]:
        return [
            maker
            for _, there, maker in self._rows("tcp", PROC_WITH_PEER)
            if endpoint(there)[0] == address
        ]

    def _rows(
        self, transport: str, states: frozenset[bytes]
    ) -> Iterator[tuple[bytes, bytes, Maker]]:
        for path in (self._net / transport, self._net / f"{transport}6"):
            try:
                with path.open("rb") as lines:
                    yield from parse(lines, states)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise CollectError(f"cannot read {path}: {error}") from error


def makers(runs: Iterable[bytes]) -> Iterator[Maker]:
    """Read the records of a reply.

    Raises:
        CollectError: the reply is malformed.
    """
    for run in runs:
        for offset, length in messages(run):
            if length < _UID_AND_INODE.size:
                raise CollectError(f"malformed socket record of {length} bytes")
            uid, inode = _UID_AND_INODE.unpack_from(run, offset)
            rest = attributes(run[offset + _UID_AND_INODE.size : offset + length])
            cgroup = rest.get(_CGROUP_ID, b"")
            known = len(cgroup) == _CGROUP.size
            yield Maker(
                inode, uid if inode else None, *(_CGROUP.unpack(cgroup) if known else [None])
            )


def parse(lines: Iterable[bytes], states: frozenset[bytes]) -> Iterator[tuple[bytes, bytes, Maker]]:
    """Read the lines that are in one of the states: both ends as written, and the maker.

    Raises:
        CollectError: a line has too few fields, or a number is none.
    """
    body = iter(lines)
    next(body, None)
    for line in body:
        fields = line.split(None, _FIELDS)
        try:
            if fields[3] in states:
                inode = int(fields[9])
                yield fields[1], fields[2], Maker(inode, int(fields[7]) if inode else None, None)
        except (IndexError, ValueError) as error:
            raise CollectError(f"malformed line in /proc/net: {line!r}") from error
