"""Sockets as the kernel lists them over netlink: exact, cheap, no /proc and no process table."""

import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, TypeAlias, TypeVar

from devicewarden.collect.addresses import WILDCARDS, text_of
from devicewarden.collect.interfaces import InterfaceNames
from devicewarden.collect.netlink import Dumps, Netlink, messages, request
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Connection, Listener

NETLINK_SOCK_DIAG: Final = 4
_TCPDIAG_GETSOCK: Final = 18
_SOCK_DIAG_BY_FAMILY: Final = 20
# A state mask with any state beside LISTEN makes the kernel walk the table of connections too.
LISTEN: Final = 1 << 10
ESTABLISHED: Final = 1 << 1
UDP_UNCONNECTED: Final = 1 << 7
"""An idle UDP socket is in the state that TCP calls CLOSE."""

FIELDS: Final = ">16xBxxxHH16s16s4s"
"""Header, family, three skipped bytes, ports, local and remote address, interface index:
the beginning of `struct inet_diag_msg`; all but the interface index is in network order."""
_RECORD: Final = struct.Struct(FIELDS)
RECORD_BYTES: Final = _RECORD.size
_NO_DEVICE: Final = bytes(4)
_ADDRESS_BYTES: Final = {socket.AF_INET.value: 4, socket.AF_INET6.value: 16}
FAMILIES: Final = frozenset(_ADDRESS_BYTES)
_WORD: Final = 4

Row: TypeAlias = tuple[int, int, int, bytes, bytes, bytes]
"""Family, local port, remote port, local address, remote address (both 16 bytes), device."""


def tcp_requests(states: int, condition: bytes = b"") -> tuple[bytes, ...]:
    """Ask for the TCP sockets of both families in one walk, with the older request.

    Args:
        states: mask of 1 << state.
        condition: what the kernel keeps to, see `socket_filter`; empty: all.
    """
    return (request(_TCPDIAG_GETSOCK, struct.pack("=4x48xII", states, 0) + condition),)


def family_requests(protocol: int, states: int, condition: bytes = b"") -> tuple[bytes, ...]:
    """Ask for the IPv4 sockets of a protocol, then for its IPv6 sockets, else alike."""
    return tuple(
        request(
            _SOCK_DIAG_BY_FAMILY, struct.pack("=BBxxI48x", family, protocol, states) + condition
        )
        for family in _ADDRESS_BYTES
    )


class SockDiagSource:
    """Sockets of the network namespace of whoever makes the first call, read over netlink.

    The only source that knows the device of a socket with SO_BINDTODEVICE.
    """

    def __init__(
        self,
        interfaces: InterfaceNames | None = None,
        netlink: Dumps | None = None,
        *,
        compat: bool = True,
    ) -> None:
        self._interfaces = interfaces or InterfaceNames()
        self._netlink = netlink or Netlink(NETLINK_SOCK_DIAG, "sockets")
        tcp = tcp_requests if compat else partial(family_requests, socket.IPPROTO_TCP)
        self._established = tcp(ESTABLISHED)
        self._listening_tcp = self._remembered(tcp(LISTEN))
        self._listening_udp = self._remembered(family_requests(socket.IPPROTO_UDP, UDP_UNCONNECTED))

    def listening_tcp(self) -> frozenset[Listener]:
        return self._listening_tcp()

    def listening_udp(self) -> frozenset[Listener]:
        return self._listening_udp()

    def established(self) -> frozenset[Connection]:
        return frozenset(connections(self._dump(self._established), self._interfaces))

    def close(self) -> None:
        self._netlink.close()
        self._interfaces.close()

    def _dump(self, requests: Iterable[bytes]) -> list[bytes]:
        return [run for each in requests for run in self._netlink.dump(each)]

    def _remembered(self, requests: tuple[bytes, ...]) -> "_Remembered":
        return _Remembered(lambda: self._dump(requests), self._interfaces)


class _Remembered:
    """Takes a reply apart only if it, or the name of an interface, differs from the last one."""

    def __init__(self, read: Callable[[], list[bytes]], interfaces: InterfaceNames) -> None:
        self._read = read
        self._interfaces = interfaces
        self._runs: list[bytes] | None = None
        self._names: object = None
        self._listeners: frozenset[Listener] = frozenset()

    def __call__(self) -> frozenset[Listener]:
        runs = self._read()
        if runs != self._runs or self._interfaces.by_address() is not self._names:
            self._listeners = frozenset(listeners(runs, self._interfaces))
            self._runs, self._names = runs, self._interfaces.by_address()
        return self._listeners


def open_sock_diag(interfaces: InterfaceNames) -> SockDiagSource:
    """Choose the cheaper request for TCP, where the kernel takes it."""
    netlink = Netlink(NETLINK_SOCK_DIAG, "sockets")
    try:
        for each in tcp_requests(LISTEN):
            netlink.dump(each)
    except CollectError:
        return SockDiagSource(interfaces, netlink, compat=False)
    return SockDiagSource(interfaces, netlink)


def listeners(runs: Iterable[bytes], interfaces: InterfaceNames) -> Iterator[Listener]:
    """Read listening sockets; twins stay twins, and rows without a port are left out.

    Raises:
        CollectError: the reply is malformed.
    """
    return listeners_among(rows(runs), interfaces)


def listeners_among(records: Iterable[Row], interfaces: InterfaceNames) -> Iterator[Listener]:
    """Pick the rows that have a port and no peer; twins stay twins.

    Raises:
        CollectError: an address family is unknown.
    """
    texts = _Memo(_texts)
    for family, port, remote_port, local, _, device in records:
        # A disconnected socket may still show the address of its last peer, but never the port.
        if not port or remote_port:
            continue
        address = texts[family][local]
        if device == _NO_DEVICE:
            name = interfaces.name_of(address)
        else:
            name = interfaces.name_of_index(*struct.unpack("=I", device))
        yield Listener(address, port, name)


def connections(runs: Iterable[bytes], interfaces: InterfaceNames) -> Iterator[Connection]:
    """Read connected sockets; rows without a port are left out.

    Raises:
        CollectError: the reply is malformed.
    """
    texts, names = _Memo(_texts), _Memo(interfaces.name_of)
    for family, local_port, remote_port, local, remote, _ in rows(runs):
        if local_port and remote_port:
            text = texts[family]
            address = text[local]
            yield Connection(text[remote], remote_port, address, local_port, names[address])


def remote_addresses(records: Iterable[Row]) -> frozenset[str]:
    """Pick the remote addresses, IPv4-mapped ones as IPv4; rows without one are left out.

    Raises:
        CollectError: an address family is unknown.
    """
    packed = {(family, remote) for family, _, _, _, remote, _ in records}
    texts = _Memo(_texts)
    return frozenset(texts[family][remote] for family, remote in packed) - WILDCARDS


def rows(runs: Iterable[bytes]) -> Iterator[Row]:
    """Read the records of a reply.

    Raises:
        CollectError: the reply is malformed.
    """
    for run in runs:
        length = _one_length(run)
        if length:
            yield from struct.iter_unpack(f"{FIELDS}{length - _RECORD.size}x", run)
        else:
            yield from walk(run)


def walk(run: bytes) -> Iterator[Row]:
    """Read records of different lengths: LISTEN has an attribute more where the family is IPv6."""
    for offset, length in messages(run):
        if length < _RECORD.size:
            raise CollectError(f"malformed socket record of {length} bytes")
        row: Row = _RECORD.unpack_from(run, offset)
        yield row


def _one_length(run: bytes) -> int:
    """Length that all records of a run have, 0 if they differ."""
    if len(run) < _RECORD.size:
        return 0
    (length,) = struct.unpack_from("=I", run)
    if length < _RECORD.size or length % _WORD or len(run) % length:
        return 0
    lengths = memoryview(run).cast("I")[:: length // _WORD].tolist()
    return length if lengths.count(length) == len(lengths) else 0


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class _Memo(dict[_Key, _Value]):
    """Works a value out once for each key; lives as long as one reply."""

    def __init__(self, make: Callable[[_Key], _Value]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: _Key) -> _Value:
        value = self[key] = self._make(key)
        return value


def _texts(family: int) -> _Memo[bytes, str]:
    """Make what writes the addresses of one family."""
    length = _ADDRESS_BYTES.get(family)
    if length is None:
        raise CollectError(f"malformed socket record: address family {family}")
    return _Memo(lambda packed: text_of(packed[:length]))
