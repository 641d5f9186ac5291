"""Collects what went through each network interface since it was made."""

import os
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from devicewarden.collect.netlink import (
    HEADER_BYTES,
    Dumps,
    Netlink,
    attributes,
    messages,
    request,
)
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import NETWORK_TRAFFIC, InterfaceTotals, RawValue, Traffic

_RTM_GETSTATS: Final = 94
_STATS_LINK_64: Final = 1
_MESSAGE: Final = struct.Struct("=BxxxII")
"""Family, interface index, mask of what is asked for: `struct if_stats_msg`."""
_REQUEST: Final = request(_RTM_GETSTATS, _MESSAGE.pack(socket.AF_UNSPEC, 0, 1))
_COUNTERS: Final = struct.Struct("=4Q")
"""Packets in, packets out, bytes in, bytes out: the beginning of `struct rtnl_link_stats64`."""
# The kernel gives this index to `lo` of every network namespace, and to nothing else.
_LOOPBACK_INDEX: Final = 1


class NetworkTotals:
    """64-bit counters of all interfaces but `lo`: what stays on the host is no network traffic.

    By interface index, since a name may come back with another interface behind it. Netlink first;
    /proc/net/dev where the kernel refuses (RTM_GETSTATS is younger than Linux 4.7).
    """

    name = "network-traffic"

    def __init__(
        self,
        netlink: Dumps | None = None,
        root: Path = Path("/proc"),
        index_of_name: Callable[[str], int] = socket.if_nametoindex,
    ) -> None:
        self._netlink = netlink or Netlink(socket.NETLINK_ROUTE, "interface counters")
        self._path = root / "net" / "dev"
        self._index_of_name = index_of_name

    def collect(self) -> Mapping[str, RawValue]:
        try:
            totals = parse_stats(self._netlink.dump(_REQUEST))
        except CollectError:
            totals = parse_dev(self._read_dev(), self._index_of_name)
        return {NETWORK_TRAFFIC: InterfaceTotals(totals)}

    def close(self) -> None:
        """Give the descriptor back."""
        self._netlink.close()

    def _read_dev(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise CollectError(f"cannot read {self._path}: {error}") from error


def parse_stats(runs: list[bytes]) -> dict[int, Traffic]:
    """Read the reply to RTM_GETSTATS: interface index -> totals, without `lo`.

    Raises:
        CollectError: the reply is malformed.
    """
    totals: dict[int, Traffic] = {}
    start = HEADER_BYTES + _MESSAGE.size
    for run in runs:
        for offset, length in messages(run):
            if length < start:
                raise CollectError("malformed interface counters")
            _, index, _ = _MESSAGE.unpack_from(run, offset + HEADER_BYTES)
            if index == _LOOPBACK_INDEX:
                continue
            found = attributes(run[offset + start : offset + length]).get(_STATS_LINK_64, b"")
            if len(found) >= _COUNTERS.size:
                packets_in, packets_out, bytes_in, bytes_out = _COUNTERS.unpack_from(found)
                totals[index] = Traffic(bytes_in, bytes_out, packets_in, packets_out)
    return totals


def parse_dev(text: bytes, index_of_name: Callable[[str], int]) -> dict[int, Traffic]:
    """Read /proc/net/dev: interface index -> totals, without `lo`.

    Raises:
        CollectError: a line is malformed.

    Source: proc(5); after the colon, bytes in, packets in, six more, bytes out, packets out.
    """
    totals: dict[int, Traffic] = {}
    for line in text.splitlines()[2:]:
        name, _, numbers = line.rpartition(b":")
        try:
            counts = [int(number) for number in numbers.split()]
            bytes_in, packets_in, bytes_out, packets_out = *counts[0:2], *counts[8:10]
            index = index_of_name(os.fsdecode(name.strip(b" ")))
        except ValueError as error:
            raise CollectError(f"malformed line in /proc/net/dev: {line!r}") from error
        except OSError:
            continue  # deleted since the file was read
        if index != _LOOPBACK_INDEX:
            totals[index] = Traffic(bytes_in, bytes_out, packets_in, packets_out)
    return totals
