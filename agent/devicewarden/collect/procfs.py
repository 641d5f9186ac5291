"""Sockets from /proc/net, for what the kernel does not tell over netlink."""

import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

from devicewarden.collect.addresses import text_of
from devicewarden.collect.interfaces import InterfaceNames
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Connection, Listener

ESTABLISHED: Final = b"01"
UDP_UNCONNECTED: Final = b"07"
LISTEN: Final = b"0A"
_FIELDS: Final = 5
_IPV4_BYTES: Final = 4
_LARGEST_PORT: Final = 65535
_REMEMBERED_ADDRESSES: Final = 1024

Row: TypeAlias = tuple[str, int, str, int]
"""Local address, local port, remote address, remote port."""


class ProcSource:
    """Sockets of this process's network namespace, read from /proc/net.

    Does not know the device of a socket with SO_BINDTODEVICE.
    """

    def __init__(
        self, interfaces: InterfaceNames | None = None, root: Path = Path("/proc")
    ) -> None:
        self._interfaces = interfaces or InterfaceNames()
        self._net = root / "net"

    def listening_tcp(self) -> frozenset[Listener]:
        return frozenset(self._listeners("tcp", LISTEN))

    def listening_udp(self) -> frozenset[Listener]:
        return frozenset(self._listeners("udp", UDP_UNCONNECTED))

    def established(self) -> frozenset[Connection]:
        name_of = self._interfaces.name_of
        return frozenset(
            Connection(remote, remote_port, local, local_port, name_of(local))
            for local, local_port, remote, remote_port in self._rows("tcp", ESTABLISHED)
            if local_port and remote_port
        )

    def close(self) -> None:
        self._interfaces.close()

    def _listeners(self, protocol: str, state: bytes) -> Iterator[Listener]:
        for address, port, _, remote_port in self._rows(protocol, state):
            if port and not remote_port:
                yield Listener(address, port, self._interfaces.name_of(address))

    def _rows(self, protocol: str, state: bytes) -> Iterator[Row]:
        """Give the rows of both families that are in one state.

        Raises:
            CollectError: the IPv4 file cannot be read, or a line is malformed. A host without IPv6
                has no IPv6 file.
        """
        for name in (protocol, f"{protocol}6"):
            path = self._net / name
            try:
                with path.open("rb") as lines:
                    yield from parse(lines, state)
            except OSError as error:
                if name == protocol or not isinstance(error, FileNotFoundError):
                    raise CollectError(f"cannot read {path}: {error}") from error


def parse(lines: Iterable[bytes], state: bytes) -> Iterator[Row]:
    """Read those lines of one file that are in one state; the first line is a heading.

    When it looks for listeners it stops at the first connection: the kernel lists listeners first,
    and makes up the rest only if it is read.

    Raises:
        CollectError: a line has too few fields, or an address is not hexadecimal.

    Source: proc_net_tcp in the kernel's documentation; tcp_seek_last_pos() in its source.
    """
    body = iter(lines)
    next(body, None)
    for line in body:
        fields = line.split(None, _FIELDS - 1)
        if len(fields) < _FIELDS:
            raise CollectError(f"malformed line in /proc/net: {line!r}")
        if fields[3] == state:
            yield *endpoint(fields[1]), *endpoint(fields[2])
        elif state == LISTEN:
            return


def endpoint(text: bytes) -> tuple[str, int]:
    """Read `0100007F:1F90`: address and port."""
    address, _, digits = text.partition(b":")
    try:
        port = int(digits, 16)
        if 0 <= port <= _LARGEST_PORT:
            return _address(address), port
    except (ValueError, struct.error) as error:
        raise CollectError(f"malformed address in /proc/net: {text!r}") from error
    raise CollectError(f"malformed port in /proc/net: {text!r}")


@lru_cache(_REMEMBERED_ADDRESSES)
def _address(digits: bytes) -> str:
    """Read one or four words, each in host order."""
    packed = bytes.fromhex(digits.decode("ascii"))
    words = struct.unpack("=I" if len(packed) == _IPV4_BYTES else "=4I", packed)
    return text_of(struct.pack(f">{len(words)}I", *words))
