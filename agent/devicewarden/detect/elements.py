"""The elements of list metrics: what is there, what came, and what a behavior minds."""

from collections.abc import Iterable
from heapq import nsmallest
from typing import Any, Final, TypeAlias

from devicewarden.detect.networks import Ordered, in_order
from devicewarden.model.metric import IpAddressList, NumberList, StringList
from devicewarden.model.violation import Addresses, Ports

ListValue: TypeAlias = Ports | Addresses | NumberList | StringList | IpAddressList
Elements: TypeAlias = frozenset[Any]
"""Port numbers, numbers, or texts; never mixed."""

TOLD_AT_MOST: Final = 100
"""Elements of a list that an event names: an event has to fit into a message."""


class Batch:
    """Some elements; addresses are put in order once, however many behaviors ask."""

    __slots__ = ("_ordered", "elements")

    def __init__(self, elements: Elements) -> None:
        self.elements = elements
        self._ordered: Ordered | None = None

    @property
    def ordered(self) -> Ordered:
        """The elements as addresses, in order."""
        if self._ordered is None:
            self._ordered = in_order(self.elements)
        return self._ordered


class Seen:
    """A list metric as it was last observed, so that only what is new has to be judged."""

    __slots__ = ("elements", "kind")

    def __init__(self, kind: type[ListValue]) -> None:
        self.kind = kind
        self.elements: Elements = frozenset()

    def see(self, value: ListValue) -> tuple[Batch, Elements] | None:
        """Take the list as it is now.

        Returns:
            What came and what went, or None if nothing did.
        """
        before, now = self.elements, elements_of(value)
        # Comparing two large sets costs more than all behaviors together, so first: is it the same?
        if now is before or now == before:
            return None
        self.elements = now
        return Batch(now - before), before - now


def elements_of(value: ListValue) -> Elements:
    """Give the distinct elements of a list value."""
    return value.values if isinstance(value.values, frozenset) else frozenset(value.values)


def value_of(kind: type[ListValue], elements: Iterable[Any]) -> ListValue:
    """Make a list value of elements; the same elements give an equal value, whatever the order."""
    if issubclass(kind, Ports | Addresses):
        return kind(frozenset(elements))
    return kind(tuple(sorted(elements)))


def told(kind: type[ListValue], elements: Elements, offending: Elements) -> ListValue:
    """Give what an event tells of a list: all of it, or of a long one those that offend."""
    if len(elements) > TOLD_AT_MOST:
        elements = frozenset(nsmallest(TOLD_AT_MOST, offending or elements))
    return value_of(kind, elements)
