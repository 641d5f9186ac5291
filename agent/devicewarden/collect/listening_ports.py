"""Collects ports that accept traffic, whoever owns them."""

from collections.abc import Callable, Mapping

from devicewarden.collect.sockets import SocketSource
from devicewarden.model.metric import (
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    Listener,
    Listeners,
    RawValue,
)


class ListeningPorts:
    """Listening sockets of one protocol.

    A listener that is gone is looked for once more before it is believed: the kernel's lists are
    not taken at one instant, and may lack a socket while others open and close.
    """

    def __init__(
        self,
        name: str,
        metric: str,
        read: Callable[[], frozenset[Listener]],
        close: Callable[[], None],
    ) -> None:
        self.name = name
        self.close = close
        self._metric = metric
        self._read = read
        self._last: frozenset[Listener] = frozenset()

    def collect(self) -> Mapping[str, RawValue]:
        items = self._read()
        if items is not self._last and self._last - items:
            items |= self._last & self._read()
        self._last = items
        return {self._metric: Listeners(items)}


def listening_tcp_ports(source: SocketSource) -> ListeningPorts:
    """Collect TCP sockets in the state LISTEN."""
    return ListeningPorts(
        "listening-tcp-ports", LISTENING_TCP_PORTS, source.listening_tcp, source.close
    )


def listening_udp_ports(source: SocketSource) -> ListeningPorts:
    """Collect UDP sockets without a remote end."""
    return ListeningPorts(
        "listening-udp-ports", LISTENING_UDP_PORTS, source.listening_udp, source.close
    )
