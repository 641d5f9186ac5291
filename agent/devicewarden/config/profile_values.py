"""The `value` of static criteria: what a datapoint is compared with, by its member."""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_interface
from typing import Final

from devicewarden.config.fault import shown
from devicewarden.config.profile_node import Node
from devicewarden.config.profile_schema import (
    COMPARISONS,
    MAX_COUNT,
    MAX_PORT,
    MAX_VALUES,
    ValueKey,
)
from devicewarden.model.behavior import (
    CidrSet,
    Comparison,
    Criteria,
    Network,
    PortSet,
    Threshold,
    ValueSet,
)

# A mask in place of the prefix length is no CIDR, and a host mask would be taken for a network's.
_CIDR: Final = re.compile(r"(?=.{2,43}$)[a-fA-F0-9:.]+(/[0-9]{1,3})?")
_MAPPED_BITS: Final = 96


def comparison_of(operator: str) -> Comparison | None:
    """Give the operator as a comparison, None where it is none."""
    return next((known for known in COMPARISONS if known == operator), None)


def _count(node: Node, operator: str) -> Criteria | None:
    """Read a limit for a count: whole for AWS, not negative."""
    limit = _threshold(node, operator)
    number = node.value
    if isinstance(number, int | float) and not 0 <= number <= MAX_COUNT:
        node.refuse(f"must be 0 to {MAX_COUNT}, not {shown(number)}")
    elif isinstance(number, float):
        node.problems.unlike_aws(node.path, "AWS takes whole numbers only")
    return limit


def _threshold(node: Node, operator: str) -> Criteria | None:
    limit, comparison = node.number(), comparison_of(operator)
    return None if limit is None or comparison is None else Threshold(comparison, limit)


def _ports(node: Node, operator: str) -> Criteria:
    ports = [item.integer(0, MAX_PORT) for item in node.items(MAX_VALUES)]
    return PortSet(frozenset(port for port in ports if port is not None), _inside(operator))


def _cidrs(node: Node, operator: str) -> Criteria:
    networks = [_network(item) for item in node.items(MAX_VALUES)]
    return CidrSet(tuple(network for network in networks if network), _inside(operator))


def _numbers(node: Node, operator: str) -> Criteria:
    numbers = [item.number() for item in node.items(MAX_VALUES)]
    return ValueSet(frozenset(n for n in numbers if n is not None), _inside(operator))


def _strings(node: Node, operator: str) -> Criteria:
    strings = [item.text() for item in node.items(MAX_VALUES)]
    return ValueSet(frozenset(s for s in strings if s is not None), _inside(operator))


READ: Final[Mapping[ValueKey, Callable[[Node, str], Criteria | None]]] = {
    "count": _count,
    "cidrs": _cidrs,
    "ports": _ports,
    "number": _threshold,
    "numbers": _numbers,
    "strings": _strings,
}
"""Each reads its member of `value` for an operator that fits it, and gives what is good of it."""


def _inside(operator: str) -> bool:
    return not operator.startswith("not-")


def _network(node: Node) -> Network | None:
    text = node.text(_CIDR, "an IPv4 or IPv6 network like 10.0.0.0/8")
    if text is None:
        return None
    try:
        interface = ip_interface(text)
    except ValueError:
        node.refuse(f"{shown(text)} is no IPv4 or IPv6 network")
        return None
    network = interface.network
    if interface.ip != network.network_address:
        node.problems.warning(node.path, f"{shown(text)} is taken as {network}")
    return _unmapped(network)


def _unmapped(network: Network) -> Network:
    """Give IPv4 inside IPv6 as IPv4, as addresses are given."""
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS)) if mapped else network
    return network
