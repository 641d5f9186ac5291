"""Datapoints as rows: numbers as numbers, lists as JSON, many of them packed into few bytes."""

import json
import math
import zlib
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, assert_never

from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList
from devicewarden.model.violation import Addresses, Datapoint, DatapointValue, Ports
from devicewarden.state.columns import from_ms, storable, to_ms

_MAX_NAME: Final = 256
_MAX_LIST_BYTES: Final = 16_384
_MAX_UNPACKED_BYTES: Final = 2**22
_EXACT: Final = 2**53


class Row(NamedTuple):
    """One datapoint; it has a number or a list.

    Attributes:
        at: milliseconds since the epoch.
        metric: its name.
        number: finite.
        document: the list as JSON, 16 KiB at most.
    """

    at: int
    metric: str
    number: float | None
    document: str | None


class Item(NamedTuple):
    """One datapoint with ids in the place of what repeats.

    Attributes:
        at: milliseconds since the epoch.
        metric: id of the metric.
        number: finite; None where it has a list.
        list_id: id of the list; 0 where it has a number.
    """

    at: int
    metric: int
    number: float | None
    list_id: int


def to_row(point: Datapoint) -> Row | None:
    """Flatten a datapoint; None: it has no finite number, or too long a list."""
    at, metric = to_ms(point.at), storable(point.metric, _MAX_NAME)
    if isinstance(point.value, Number):
        finite = math.isfinite(point.value.value)
        return Row(at, metric, float(point.value.value), None) if finite else None
    try:
        text = json.dumps(_list(point.value), allow_nan=False, separators=(",", ":"))
    except ValueError:
        return None
    return Row(at, metric, None, text) if len(text) <= _MAX_LIST_BYTES else None


def to_point(row: Row) -> Datapoint:
    """Rebuild a datapoint.

    Raises:
        ValueError: no datapoint flattens to this row.
    """
    return Datapoint(row.metric, from_ms(row.at), _value(row))


def pack(items: Sequence[Item]) -> bytes:
    """Pack items, at least one, into few bytes."""
    first = items[0].at
    document = [
        [
            item.at - first,
            item.metric,
            [item.list_id] if item.number is None else _short(item.number),
        ]
        for item in items
    ]
    return zlib.compress(json.dumps([first, document], separators=(",", ":")).encode())


def unpack(packed: bytes) -> list[Item]:
    """Unpack items.

    Raises:
        ValueError: it was not packed here, or is damaged.
    """
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(packed, _MAX_UNPACKED_BYTES)
        if not unpacking.eof:
            raise ValueError("packed datapoints have no end")
        first, document = json.loads(text)
        return [
            Item(first + after, metric, None, value[0])
            if isinstance(value, list)
            else Item(first + after, metric, float(value), 0)
            for after, metric, value in document
        ]
    except (zlib.error, TypeError, IndexError) as error:
        raise ValueError("packed datapoints are damaged") from error


def _short(number: float) -> float:
    """Whole numbers are written without a point, for which minus zero needs its own."""
    return int(number) if number.is_integer() and 0 < abs(number) < _EXACT else number


def _list(value: Ports | Addresses | NumberList | StringList | IpAddressList) -> dict[str, Any]:
    match value:
        case Ports(ports):
            return {"ports": sorted(ports)}
        case Addresses(addresses):
            return {"addresses": sorted(addresses)}
        case NumberList(numbers):
            return {"numbers": numbers}
        case StringList(strings):
            return {"strings": strings}
        case IpAddressList(ips):
            return {"ips": ips}
        case _:
            assert_never(value)


def _value(row: Row) -> DatapointValue:
    if row.number is not None:
        return Number(row.number)
    match json.loads(row.document or "null"):
        case {"ports": [*ports]} if _all(int, ports):
            return Ports(frozenset(ports))
        case {"addresses": [*addresses]} if _all(str, addresses):
            return Addresses(frozenset(addresses))
        case {"numbers": [*numbers]} if _all(int | float, numbers):
            return NumberList(tuple(map(float, numbers)))
        case {"strings": [*strings]} if _all(str, strings):
            return StringList(tuple(strings))
        case {"ips": [*addresses]} if _all(str, addresses):
            return IpAddressList(tuple(addresses))
        case _:
            raise ValueError("a datapoint's row has neither number nor list")


def _all(kind: Any, items: list[object]) -> bool:
    return all(isinstance(item, kind) and not isinstance(item, bool) for item in items)
