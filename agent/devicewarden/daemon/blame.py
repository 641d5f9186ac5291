"""Who did it: the owners of the sockets that a violation is about."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final, Protocol

from devicewarden.collect.socket_makers import Transport
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import (
    DESTINATIONS,
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    Listener,
    Listeners,
    Sample,
)
from devicewarden.model.owner import Owner
from devicewarden.model.violation import ViolationEvent

ASKED_AT_MOST: Final = 4
"""Offenders of one violation that are looked up: a scan must not keep the agent busy."""

_TRANSPORT: Final[Mapping[str, Transport]] = {
    LISTENING_TCP_PORTS: "tcp",
    LISTENING_UDP_PORTS: "udp",
}


class FindsOwners(Protocol):
    """What blame needs of a collector of owners."""

    def of_listener(self, listener: Listener, transport: Transport) -> Owner | None:
        """Find who listens there; None where nobody does any more."""
        ...

    def of_remote(self, address: str) -> Owner | None:
        """Find who has a TCP socket to this address; None: nobody."""
        ...


def owners_of(event: ViolationEvent, sample: Sample, owners: FindsOwners) -> list[dict[str, Any]]:
    """Name the owners of what offends, as JSON values; what cannot be told is left out.

    Returns:
        An entry each: `port` or `address`, and the members of `Owner` that are known. A socket
        that is gone already has no owner.
    """
    named: list[dict[str, Any]] = []
    for what, owner in _asked(event, sample, owners):
        if owner is not None:
            known = {
                name: value for name, value in asdict(owner).items() if value not in (None, ())
            }
            named.append({**what, **known})
    return named


def _asked(
    event: ViolationEvent, sample: Sample, owners: FindsOwners
) -> Iterator[tuple[dict[str, Any], Owner | None]]:
    metric = event.behavior.metric
    offending = list(event.context.get("offending", ()))[:ASKED_AT_MOST]
    try:
        if metric == DESTINATIONS:
            for address in offending:
                yield {"address": address}, owners.of_remote(address)
        elif metric in _TRANSPORT:
            for listener in _listeners(sample, metric, frozenset(offending)):
                owner = owners.of_listener(listener, _TRANSPORT[metric])
                yield {"port": listener.port, "listens_on": listener.address}, owner
    except CollectError:
        # The violation stands without its owner.
        return


def _listeners(sample: Sample, metric: str, ports: frozenset[int]) -> list[Listener]:
    value = sample.values.get(metric)
    items = value.items if isinstance(value, Listeners) else frozenset()
    return sorted(item for item in items if item.port in ports)[:ASKED_AT_MOST]
