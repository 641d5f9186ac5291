"""Sockets through psutil: the portable source, and the reference for the other two."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import psutil

from devicewarden.collect.addresses import unmapped
from devicewarden.collect.interfaces import InterfaceNames
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Connection, Listener

Read: TypeAlias = Callable[[str], Iterable[Any]]
"""`psutil.net_connections`, or what stands in for it."""


class PsutilSource:
    """Sockets of this process's network namespace, read by psutil; slow, it looks at every process.

    Does not know the device of a socket with SO_BINDTODEVICE, and takes a UDP socket that is
    connected to port 0 for an unconnected one.
    """

    def __init__(
        self, interfaces: InterfaceNames | None = None, read: Read = psutil.net_connections
    ) -> None:
        self._interfaces = interfaces or InterfaceNames()
        self._read = read

    def listening_tcp(self) -> frozenset[Listener]:
        return frozenset(self._listeners("tcp", psutil.CONN_LISTEN))

    def listening_udp(self) -> frozenset[Listener]:
        return frozenset(self._listeners("udp", psutil.CONN_NONE))

    def established(self) -> frozenset[Connection]:
        return frozenset(
            Connection(
                unmapped(row.raddr.ip),
                row.raddr.port,
                unmapped(row.laddr.ip),
                row.laddr.port,
                self._interfaces.name_of(unmapped(row.laddr.ip)),
            )
            for row in self._rows("tcp", psutil.CONN_ESTABLISHED)
            # An address whose port is 0 is an empty tuple.
            if row.laddr and row.raddr
        )

    def close(self) -> None:
        self._interfaces.close()

    def _listeners(self, protocol: str, status: str) -> Iterator[Listener]:
        for row in self._rows(protocol, status):
            if row.laddr and not row.raddr:
                address = unmapped(row.laddr.ip)
                yield Listener(address, row.laddr.port, self._interfaces.name_of(address))

    def _rows(self, protocol: str, status: str) -> Iterator[Any]:
        try:
            return (row for row in self._read(protocol) if row.status == status)
        except (psutil.Error, OSError, RuntimeError) as error:
            raise CollectError(f"psutil cannot list {protocol} sockets: {error}") from error
