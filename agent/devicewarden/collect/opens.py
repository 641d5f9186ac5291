"""Collects how many TCP connections were opened: one small file, whatever the load."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from devicewarden.model.errors import CollectError
from devicewarden.model.metric import TCP_OPENS, RawValue, TcpOpens

_MOST_BYTES: Final = 1 << 14


class TcpOpenCounts:
    """Connections opened in this network namespace since it was made.

    Every connect() and every accepted handshake counts one, however short the connection: where
    nothing moved, there is no new peer. The file stays open, which halves the cost of a reading.
    """

    name = "tcp-opens"

    def __init__(self, root: Path = Path("/proc")) -> None:
        self._path = root / "net" / "snmp"
        self._descriptor: int | None = None

    def collect(self) -> Mapping[str, RawValue]:
        return {TCP_OPENS: self.read()}

    def read(self) -> TcpOpens:
        """Read the counts.

        Raises:
            CollectError: they cannot be read.
        """
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_RDONLY)
            text = os.pread(self._descriptor, _MOST_BYTES, 0)
        except OSError as error:
            self.close()
            raise CollectError(f"cannot read {self._path}: {error}") from error
        return parse(text)

    def close(self) -> None:
        """Give the descriptor back; the next reading opens the file again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def parse(text: bytes) -> TcpOpens:
    """Read /proc/net/snmp.

    Raises:
        CollectError: it holds no count of opens.

    Source: RFC 4022 tcpActiveOpens and tcpPassiveOpens: the fifth and sixth value of the second
        line that begins with `Tcp:`.
    """
    _, _, values = text.rpartition(b"\nTcp: ")
    try:
        _, _, _, _, active, passive, _ = values.split(None, 6)
        return TcpOpens(int(active), int(passive))
    except ValueError as error:
        raise CollectError("no TCP counts in /proc/net/snmp") from error
