"""The metric that a behavior is about: what is known of it, and what may be said about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from devicewarden.config.fault import did_you_mean, shown
from devicewarden.config.profile_node import Node
from devicewarden.config.profile_schema import (
    CUSTOM_SHAPES,
    FITS,
    METRICS,
    NAME,
    NUMERIC,
    CustomType,
    Shape,
    Standard,
    ValueKey,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A metric.

    Attributes:
        name: as the profile has it.
        shapes: what its datapoints may be; more than one where that is not known.
        standard: what AWS says of it; None for a custom metric.
    """

    name: str
    shapes: tuple[Shape, ...]
    standard: Standard | None = None

    @property
    def numeric(self) -> bool:
        """Whether its datapoints may be numbers."""
        return not NUMERIC.isdisjoint(self.shapes)

    def operators(self) -> tuple[str, ...]:
        """List the operators that fit."""
        return tuple(dict.fromkeys(op for shape in self.shapes for op in FITS[shape].operators))

    def value_keys(self, operator: str) -> tuple[ValueKey, ...]:
        """List the members of `value` that go with an operator."""
        return tuple(FITS[shape].key for shape in self.shapes if operator in FITS[shape].operators)


UNKNOWN: Final = Subject("this metric", tuple(FITS))
"""Stands where the metric is missing or wrong, so that the rest can be judged all the same."""


def read_subject(node: Node, custom_types: Mapping[str, CustomType]) -> Subject:
    """Read a metric's name: one of the standard set, or whatever else can be a custom one."""
    name = node.text(NAME, "1 to 128 of a-z A-Z 0-9 : _ -")
    if name is None:
        return UNKNOWN
    if standard := METRICS.get(name):
        return Subject(name, (standard.shape,), standard)
    if name.startswith("aws:"):
        hint = did_you_mean(name, list(METRICS))
        node.refuse(f"{shown(name)} is no metric of AWS" + (f" ({hint})" if hint else ""))
        return UNKNOWN
    known = custom_types.get(name)
    return Subject(name, (known,) if known else CUSTOM_SHAPES)


def read_dimension(node: Node, subject: Subject) -> str | None:
    """Read the dimension that narrows a metric; give its name, None where it is wrong."""
    members = node.members(("dimensionName", "operator"), required=("dimensionName",))
    if subject is not UNKNOWN and not (subject.standard and subject.standard.dimension):
        node.refuse(f"{subject.name} takes no dimension")
        return None
    if operator := members.get("operator"):
        operator.one_of(("IN", "NOT_IN"))
    name = members.get("dimensionName")
    return name.text(NAME, "1 to 128 of a-z A-Z 0-9 : _ -") if name else None
