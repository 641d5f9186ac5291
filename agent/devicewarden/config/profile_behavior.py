"""Behaviors of a security profile: each by itself, and what they may not be together."""

from collections.abc import Mapping
from typing import Any, Final

from devicewarden.config.fault import KeyPath, shown
from devicewarden.config.profile_criteria import read_criteria
from devicewarden.config.profile_hints import hints
from devicewarden.config.profile_node import Node
from devicewarden.config.profile_schema import MAX_BEHAVIORS, MAX_VALUES, NAME, CustomType
from devicewarden.config.profile_subject import (
    UNKNOWN,
    read_dimension,
    read_subject,
)
from devicewarden.model.behavior import Behavior

_NAME: Final = "name"
_METRIC: Final = "metric"
_DIMENSION: Final = "metricDimension"
_CRITERIA: Final = "criteria"
_SUPPRESS: Final = "suppressAlerts"
_EXPORT: Final = "exportMetric"
_MEMBERS: Final = (_NAME, _METRIC, _DIMENSION, _CRITERIA, _SUPPRESS, _EXPORT)
_REQUIRED: Final = (_NAME, _METRIC, _CRITERIA)


def read_behaviors(node: Node, custom_types: Mapping[str, CustomType]) -> tuple[Behavior, ...]:
    """Read the behaviors of a profile; those with an error are left out."""
    items = node.items(MAX_BEHAVIORS)
    found = [_behavior(item, custom_types) for item in items]
    _judge_names(items)
    values = sum(_values(item.value) for item in items)
    if values > MAX_VALUES:
        node.refuse(f"compare with {values} values, more than {MAX_VALUES}")
    return tuple(behavior for behavior in found if behavior)


def _behavior(node: Node, custom_types: Mapping[str, CustomType]) -> Behavior | None:
    members = node.members(_MEMBERS, required=_REQUIRED)
    name = members[_NAME].text(NAME, "1 to 128 of a-z A-Z 0-9 : _ -") if _NAME in members else None
    subject = read_subject(members[_METRIC], custom_types) if _METRIC in members else UNKNOWN
    dimension = read_dimension(members[_DIMENSION], subject) if _DIMENSION in members else None
    expected = read_criteria(members[_CRITERIA], subject) if _CRITERIA in members else None
    suppressed = members[_SUPPRESS].boolean() if _SUPPRESS in members else False
    if _EXPORT in members:
        members[_EXPORT].ignore().boolean()
    if name is None or subject is UNKNOWN or expected is None:
        return None
    behavior = Behavior(
        name=name,
        metric=subject.name,
        criteria=expected.criteria,
        duration_s=expected.duration_s,
        to_alarm=expected.to_alarm,
        to_clear=expected.to_clear,
        suppressed=bool(suppressed),
        document=_document(node),
        dimension=dimension,
    )
    for hint in hints(behavior):
        node.problems.warning((*node.path, *hint.path), hint.reason)
    return behavior


def _document(node: Node) -> Mapping[str, Any]:
    return node.value if isinstance(node.value, dict) else {}


def _judge_names(items: list[Node]) -> None:
    first: dict[str, KeyPath] = {}
    for item in items:
        name = item.value.get(_NAME) if isinstance(item.value, dict) else None
        if isinstance(name, str) and first.setdefault(name, item.path) != item.path:
            item.problems.error((*item.path, _NAME), f"{shown(name)} is the name of two behaviors")


def _values(behavior: object) -> int:
    """Count what a behavior compares with: elements of lists, and single values."""
    value = behavior
    for step in (_CRITERIA, "value"):
        value = value.get(step) if isinstance(value, dict) else None
    if not isinstance(value, dict):
        return 0
    return sum(len(part) if isinstance(part, list) else 1 for part in value.values())
