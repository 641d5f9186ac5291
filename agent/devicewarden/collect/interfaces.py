"""Which interface has an address, and what an interface index is called."""

import os
import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import Final

from devicewarden.collect.addresses import WILDCARDS, text_of
from devicewarden.collect.netlink import (
    HEADER_BYTES,
    Dumps,
    Netlink,
    attributes,
    messages,
    request,
)
from devicewarden.model.errors import CollectError

_RTM_GETADDR: Final = 22
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_ADDRESS: Final = struct.Struct("=BBBBI")
"""Family, prefix length, flags, scope, interface index: `struct ifaddrmsg`."""
_REQUEST: Final = request(_RTM_GETADDR, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0))
# An address moves between interfaces rarely; one that is not known yet may have come just now.
_KEEP_S: Final = 60.0
_RETRY_S: Final = 1.0
_LOOPBACK: Final = "127.0.0.1"


def index_name(index: int) -> str | None:
    """Name of an interface, None if it is gone; bytes that are not UTF-8 are escaped."""
    try:
        name = socket.if_indextoname(index)
    except (OSError, OverflowError):
        return None
    return os.fsencode(name).decode("utf-8", "backslashreplace")


class InterfaceNames:
    """Interface names by address and by index, read from the kernel when they are needed.

    psutil is no help here: one interface whose name is not UTF-8 makes its `net_if_addrs` raise.
    """

    def __init__(
        self,
        netlink: Dumps | None = None,
        name_of_index: Callable[[int], str | None] = index_name,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._netlink = netlink or Netlink(socket.NETLINK_ROUTE, "interface addresses")
        self.name_of_index = name_of_index
        self._clock = clock
        self._read_at = float("-inf")
        self._names: Mapping[str, str | None] = {}

    def by_address(self) -> Mapping[str, str | None]:
        """Names by address, at most a minute old; the same object as long as nothing changed.

        An address that several interfaces have belongs to none. Empty where the kernel does not
        tell: a missing name must not cost a listener.
        """
        if self._clock() - self._read_at > _KEEP_S:
            self._read()
        return self._names

    def name_of(self, address: str) -> str | None:
        """Name of the interface that has this address; None for a wildcard, and where none has.

        All of 127.0.0.0/8 belongs to the interface that has 127.0.0.1, as in the kernel's table of
        local routes.
        """
        if address in WILDCARDS:
            return None
        names = self.by_address()
        known = _LOOPBACK if address.startswith("127.") and address not in names else address
        if known not in names and self._clock() - self._read_at > _RETRY_S:
            self._read()
        return self._names.get(known)

    def close(self) -> None:
        """Give the descriptor back."""
        self._netlink.close()

    def _read(self) -> None:
        self._read_at = self._clock()
        try:
            names = parse(self._netlink.dump(_REQUEST), self.name_of_index)
        except CollectError:
            return
        finally:
            self._netlink.close()
        if names != self._names:
            self._names = names


def parse(runs: list[bytes], name_of_index: Callable[[int], str | None]) -> dict[str, str | None]:
    """Read the reply to RTM_GETADDR: address -> interface name.

    Raises:
        CollectError: the reply is malformed.

    Source: rtnetlink(7); where an address has a peer, IFA_LOCAL is ours and IFA_ADDRESS the peer's.
    """
    owners: dict[str, set[int]] = {}
    for run in runs:
        for offset, length in messages(run):
            start = offset + HEADER_BYTES + _ADDRESS.size
            if length < HEADER_BYTES + _ADDRESS.size:
                raise CollectError("malformed address message")
            found = attributes(run[start : offset + length])
            packed = found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS, b""))
            if len(packed) in {4, 16}:
                index = _ADDRESS.unpack_from(run, offset + HEADER_BYTES)[4]
                owners.setdefault(text_of(packed), set()).add(index)
    return {
        address: name_of_index(min(indexes)) if len(indexes) == 1 else None
        for address, indexes in owners.items()
    }
