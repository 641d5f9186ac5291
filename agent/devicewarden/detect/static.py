"""Static criteria: does a value keep to them, and which elements do not?"""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, assert_never

from devicewarden.detect.elements import Batch, Elements, ListValue, elements_of
from devicewarden.detect.networks import Ranges
from devicewarden.model.behavior import CidrSet, Comparison, PortSet, Threshold, ValueSet
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList
from devicewarden.model.violation import Addresses, DatapointValue, Ports

SetCriteria: TypeAlias = PortSet | CidrSet | ValueSet
Finder: TypeAlias = Callable[[Batch], Elements]
"""Gives those of some elements that do not keep to the criteria."""

COMPARE: Final[Mapping[Comparison, Callable[[Any, Any], bool]]] = {
    "less-than": operator.lt,
    "less-than-equals": operator.le,
    "greater-than": operator.gt,
    "greater-than-equals": operator.ge,
}


def holds(criteria: Threshold | SetCriteria, value: DatapointValue) -> bool | None:
    """Tell whether one datapoint keeps to the criteria; None if the two do not fit together.

    A list keeps to an allow-list if every element is in it, to a deny-list if none is; an empty
    list keeps to both.
    """
    if isinstance(criteria, Threshold):
        if not isinstance(value, Number):
            return None
        return COMPARE[criteria.comparison](value.value, criteria.limit)
    if isinstance(value, Number) or not fits(criteria, type(value)):
        return None
    return not finder(criteria)(Batch(elements_of(value)))


def fits(criteria: SetCriteria, kind: type[ListValue]) -> bool:
    """Tell whether lists of a kind can be judged by the criteria."""
    match criteria:
        case PortSet():
            return kind is Ports
        case CidrSet():
            return kind in (Addresses, IpAddressList)
        case ValueSet(values):
            texts = [isinstance(value, str) for value in values]
            return (kind is StringList and all(texts)) or (kind is NumberList and not any(texts))
        case _:
            assert_never(criteria)


def finder(criteria: SetCriteria) -> Finder:
    """Prepare to find the elements that offend, at a cost that networks do not multiply."""
    match criteria:
        case PortSet(listed, inside) | ValueSet(listed, inside):
            return _finder_in(frozenset(listed), inside=inside)
        case CidrSet(networks, inside):
            ranges = Ranges(networks)
            find = ranges.outside if inside else ranges.inside
            return lambda batch: frozenset(find(batch.ordered))
        case _:
            assert_never(criteria)


def _finder_in(listed: Elements, *, inside: bool) -> Finder:
    if inside:
        return lambda batch: batch.elements - listed
    return lambda batch: batch.elements & listed
