"""The kernel's word on each socket that closes, over netlink: no privilege, no polling of lists."""

import errno
import socket
import struct
from collections.abc import Iterator
from typing import Final, Protocol

from devicewarden.collect.sock_diag import NETLINK_SOCK_DIAG, RECORD_BYTES
from devicewarden.model.errors import CollectError

TCP_GROUPS: Final = 0b0101
UDP_GROUPS: Final = 0b1010
"""Masks of SKNLGRP_INET_TCP_DESTROY to SKNLGRP_INET6_UDP_DESTROY, which are 1 to 4."""

BUFFER_BYTES: Final = 8 << 20
"""The kernel charges 1,280 bytes a message: room for 6,500, twice that with CAP_NET_ADMIN."""
# Bounds one reading where sockets close as fast as they are read.
_MOST_EVENTS: Final = 20_000

# Names that Python's socket module lacks.
_SO_RCVBUFFORCE: Final = 33
_SO_MEMINFO: Final = 55
_SOL_NETLINK: Final = 270
_NETLINK_NO_ENOBUFS: Final = 5
_MEMORY: Final = struct.Struct("=32xI")
"""The last of the nine numbers of SO_MEMINFO counts messages without room: SK_MEMINFO_DROPS."""


class Events(Protocol):
    """Whatever tells closed sockets; tests tell recorded ones."""

    def waiting(self) -> Iterator[bytes]:
        """Take the first RECORD_BYTES of each message that waits.

        Raises:
            CollectError: the kernel refused.
        """
        ...

    def lost(self) -> int:
        """Count the messages that were dropped since the last call.

        Raises:
            CollectError: the kernel does not tell.
        """
        ...

    def close(self) -> None:
        """Give the descriptor back; the next reading opens another."""
        ...


class DestroyEvents:
    """Messages of some multicast groups, over one netlink socket that never waits."""

    def __init__(self, groups: int, buffer_bytes: int = BUFFER_BYTES) -> None:
        self._groups = groups
        self._buffer_bytes = buffer_bytes
        self._socket: socket.socket | None = None
        self._dropped = 0

    def waiting(self) -> Iterator[bytes]:
        try:
            receive = self._opened().recv
            for _ in range(_MOST_EVENTS):
                yield receive(RECORD_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self.close()
            raise CollectError(f"cannot read socket events over netlink: {error}") from error

    def lost(self) -> int:
        """Count drops: exact, as the kernel counts each message that finds no room.

        Source: netlink_overrun() and sk_get_meminfo() in the kernel, since 4.12.
        """
        try:
            opened = self._opened()
            memory = opened.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMORY.size)
            (dropped,) = _MEMORY.unpack(memory)
        except (OSError, struct.error) as error:
            self.close()
            raise CollectError(f"cannot count lost socket events: {error}") from error
        lost = (dropped - self._dropped) % (1 << 32)
        self._dropped = dropped
        return int(lost)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._dropped = 0

    def _opened(self) -> socket.socket:
        if self._socket is None:
            kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
            self._socket = socket.socket(socket.AF_NETLINK, kind, NETLINK_SOCK_DIAG)
            # After an ENOBUFS the kernel drops everything until the queue is empty; the count of
            # drops tells more, and costs less.
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_NO_ENOBUFS, 1)
            _widen(self._socket, self._buffer_bytes)
            self._socket.bind((0, self._groups))
        return self._socket


def _widen(opened: socket.socket, buffer_bytes: int) -> None:
    """Ask for a buffer of any size, which takes CAP_NET_ADMIN; else for what rmem_max grants."""
    try:
        opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, buffer_bytes)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
