"""Collects established TCP connections: the report's list, too dear for every second."""

from collections.abc import Mapping

from devicewarden.collect.sockets import SocketSource
from devicewarden.model.metric import ESTABLISHED_CONNECTIONS, Connections, RawValue


class EstablishedConnections:
    """TCP connections in the state ESTABLISHED, loopback included."""

    name = "established-connections"

    def __init__(self, source: SocketSource) -> None:
        self._source = source
        self.close = source.close

    def collect(self) -> Mapping[str, RawValue]:
        return {ESTABLISHED_CONNECTIONS: Connections(self._source.established())}
