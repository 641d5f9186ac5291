"""Keeps a report within its byte budget, and says what that costs.

Connections are cut first, then whole custom metrics, then ports. Totals stay true throughout.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from operator import itemgetter
from typing import Any, Final

from devicewarden.config.settings import ReportSettings
from devicewarden.model.metric import Connection
from devicewarden.report import wire
from devicewarden.report.encode import encode, entry_sizer
from devicewarden.report.entries import connection_entry

_LIST_GROWTH_BYTES: Final = 2
"""The head of a CBOR list takes one byte when empty and three when full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What the byte budget kept out of the lists of a report.

    Attributes:
        connections: number of established connections that are counted, but not listed.
        ports: number of listening ports, TCP and UDP, that are counted, but not listed.
        custom_metrics: names of the custom metrics that are missing, the largest first.
    """

    connections: int = 0
    ports: int = 0
    custom_metrics: tuple[str, ...] = ()


def fit(
    document: dict[str, Any],
    connections: Collection[Connection],
    known_destinations: frozenset[str],
    settings: ReportSettings,
) -> LeftOut:
    """Fill in as many connections as fit; take out what does not fit even without them.

    The number of encodings does not depend on the number of connections.

    Args:
        document: a report that lists everything but connections; changed in place.
        connections: what there is to list, in any order.
        known_destinations: remote addresses whose connections come later.
        settings: the budget, and the format and names in which it is spent.
    """
    custom: tuple[str, ...] = ()
    ports = 0
    spare = _spare_bytes(document, settings)
    if spare < 0:
        custom = _drop_custom_metrics(document, settings, -spare)
        spare = _spare_bytes(document, settings)
    if spare < 0:
        ports = _cut_ports(document, settings)
        spare = _spare_bytes(document, settings)
    listed = _list_connections(
        document, by_novelty(connections, known_destinations), settings, spare
    )
    return LeftOut(connections=len(connections) - listed, ports=ports, custom_metrics=custom)


def by_novelty(
    connections: Iterable[Connection], known_destinations: frozenset[str]
) -> Iterator[Connection]:
    """Order connections: one for each new destination, one for each known one, then the rest.

    A destination is a remote address. Sorts hardly more than the caller consumes.
    """
    first: dict[str, Connection] = {}
    more: defaultdict[str, list[Connection]] = defaultdict(list)
    for connection in connections:
        if first.setdefault(connection.remote_address, connection) is not connection:
            more[connection.remote_address].append(connection)
    for address in sorted(sorted(first), key=known_destinations.__contains__):
        yield min([first[address], *more.get(address, ())], key=_order)
    for address in sorted(more):
        yield from sorted([first[address], *more[address]], key=_order)[1:]


def _order(connection: Connection) -> tuple[str, int, int, str]:
    return (
        connection.remote_address,
        connection.remote_port,
        connection.local_port,
        connection.local_interface or "",
    )


def _list_connections(
    document: dict[str, Any],
    candidates: Iterable[Connection],
    settings: ReportSettings,
    spare_bytes: int,
) -> int:
    """List candidates until one does not fit; return how many there are."""
    size_bytes = entry_sizer(settings.format, settings.names)
    spare_bytes -= _LIST_GROWTH_BYTES
    chosen = []
    for candidate in candidates:
        entry = connection_entry(candidate)
        spare_bytes -= size_bytes(entry)
        if spare_bytes < 0:
            break
        chosen.append((_order(candidate), entry))
    if chosen:
        established = document[wire.METRICS][wire.TCP_CONNECTIONS][wire.ESTABLISHED]
        established[wire.CONNECTIONS] = [entry for _, entry in sorted(chosen, key=itemgetter(0))]
    return len(chosen)


def _drop_custom_metrics(
    document: dict[str, Any], settings: ReportSettings, excess_bytes: int
) -> tuple[str, ...]:
    """Drop the largest custom metrics until the excess is gone; return their names."""
    custom: dict[str, Any] = document.pop(wire.CUSTOM_METRICS, {})
    sizes = {
        # Without the braces, which it shares with the others; its name has no short form.
        name: len(encode({name: value}, settings.format, "long")) - 2
        for name, value in custom.items()
    }
    dropped = []
    for name in sorted(custom, key=lambda name: (-sizes[name], name)):
        if excess_bytes <= 0:
            break
        excess_bytes -= sizes[name]
        dropped.append(name)
    if left := {name: value for name, value in custom.items() if name not in dropped}:
        document[wire.CUSTOM_METRICS] = left
    return tuple(dropped)


def _cut_ports(document: dict[str, Any], settings: ReportSettings) -> int:
    """List the lowest ports, TCP and UDP in turn, until one does not fit; return how many are out.

    Without ports the largest report takes some 500 bytes, less than the least budget.
    """
    metrics = document[wire.METRICS]
    blocks = [metrics[name] for name in (wire.LISTENING_TCP, wire.LISTENING_UDP) if name in metrics]
    ranks = list(zip_longest(*(block[wire.PORTS] for block in blocks)))
    in_turn = [(block, port) for rank in ranks for block, port in zip(blocks, rank, strict=True)]
    candidates = [(block, port) for block, port in in_turn if port is not None]
    for block in blocks:
        block[wire.PORTS] = []
    size_bytes = entry_sizer(settings.format, settings.names)
    spare = _spare_bytes(document, settings) - len(blocks) * _LIST_GROWTH_BYTES
    for listed, (block, port) in enumerate(candidates):
        spare -= size_bytes(port)
        if spare < 0:
            return len(candidates) - listed
        block[wire.PORTS].append(port)
    return 0


def _spare_bytes(document: dict[str, Any], settings: ReportSettings) -> int:
    return settings.max_bytes - len(encode(document, settings.format, settings.names))
