"""Lists that were seen -> the set that is normal: ports, networks, numbers or strings."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)
from json import dumps
from math import isfinite
from typing import Any, Final, TypeAlias

from devicewarden.config.profile_schema import MAX_PORT
from devicewarden.detect.elements import ListValue, elements_of
from devicewarden.detect.suggestion import Draft, Refused, stamp
from devicewarden.model.behavior import Network
from devicewarden.model.metric import NumberList, StringList
from devicewarden.model.violation import Datapoint, Ports

Address: TypeAlias = IPv4Address | IPv6Address
MOST: Final = 200
"""Elements of one list: a longer one is not what somebody allowed."""
PREFIXES: Final = ((24, 48), (20, 40), (16, 32), (12, 24), (8, 16), (0, 0))
"""IPv4 and IPv6: an address stands for its network, the widest as a last resort."""
_LOOPBACK: Final = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_MOST_NETWORKS: Final = 100
_TOLD: Final = 3
_LONGEST_TEXT: Final = 256


def criteria_of(metric: str, seen: Sequence[tuple[Datapoint, ListValue]], room: int) -> Draft:
    """Draft the set that all elements of these lists are in.

    Args:
        metric: its name.
        seen: datapoints of one kind, and their lists.
        room: how many values there may be.

    Raises:
        Refused: there is no such set that AWS takes, or it is too long.
    """
    counts: Counter[Any] = Counter()
    for _, value in seen:
        counts.update(elements_of(value))
    last = {element: point for point, value in seen for element in elements_of(value)}
    told = {
        element: f"in {count} of {len(seen)} datapoints, last {stamp(last[element].at)}"
        for element, count in counts.items()
    }
    value = seen[0][1]
    match value:
        case Ports():
            if not all(0 <= port <= MAX_PORT for port in told):
                raise Refused("a value is no port")
            return _listed("ports", "in-port-set", told, room)
        case NumberList():
            if not all(map(isfinite, told)):
                raise Refused("a value was not finite")
            return _listed("numbers", "in-set", told, room)
        case StringList():
            if any(len(text) > _LONGEST_TEXT or not text.isprintable() for text in told):
                raise Refused("a value is too long, or is not printable")
            return _listed("strings", "in-set", told, room)
        case _:
            return _networks(metric, told, room)


def _listed(key: str, operator: str, told: Mapping[Any, str], room: int) -> Draft:
    if len(told) > min(MOST, room):
        raise Refused(f"{len(told)} different values are too many to list")
    elements = sorted(told)
    return Draft(
        {"comparisonOperator": operator, "value": {key: elements}},
        len(elements),
        _origins((dumps(element), told[element]) for element in elements),
    )


def _networks(metric: str, told: Mapping[str, str], room: int) -> Draft:
    try:
        addresses = {text: _address(text) for text in told}
    except ValueError as error:
        raise Refused(f"a value of {metric} is no address") from error
    most = min(_MOST_NETWORKS, room)
    for prefixes in PREFIXES:
        networks = _collapsed(addresses.values(), prefixes)
        if len(networks) <= most:
            break
    else:
        raise Refused("there is no room for its networks")
    return Draft(
        {"comparisonOperator": "in-cidr-set", "value": {"cidrs": [str(each) for each in networks]}},
        len(networks),
        _origins((str(each), _inside(each, addresses, told)) for each in networks),
    )


def _origins(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    found = tuple(f"{value}: {origin}" for value, origin in pairs)
    return found or ("nothing: the list was always empty",)


def _inside(network: Network, addresses: Mapping[str, Address], told: Mapping[str, str]) -> str:
    inside = [text for text, address in addresses.items() if address in network]
    if len(inside) == 1:
        return f"{inside[0]} {told[inside[0]]}"
    more = ", ..." if len(inside) > _TOLD else ""
    return f"{len(inside)} addresses: {', '.join(sorted(inside)[:_TOLD])}{more}"


def _address(text: str) -> Address:
    """Read an address as judges do: IPv4 inside IPv6 is IPv4, and a zone means nothing."""
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def _collapsed(addresses: Iterable[Address], prefixes: tuple[int, int]) -> list[Network]:
    networks = {_network(address, prefixes) for address in addresses}
    v4 = (network for network in networks if isinstance(network, IPv4Network))
    v6 = (network for network in networks if isinstance(network, IPv6Network))
    return [*_merged(v4), *_merged(v6)]


def _merged(networks: Iterable[Any]) -> Iterator[Any]:
    yield from collapse_addresses(networks)


def _network(address: Address, prefixes: tuple[int, int]) -> Network:
    for loopback in _LOOPBACK:
        if address in loopback:
            return loopback
    v4, v6 = prefixes
    prefix = v4 if isinstance(address, IPv4Address) else v6
    return ip_network(f"{address}/{prefix}", strict=False)
