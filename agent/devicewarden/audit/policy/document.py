"""A policy document as it was written, in frozen values."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Effect: TypeAlias = Literal["Allow", "Deny"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One key of a condition block; all conditions of a statement must hold.

    Attributes:
        operator: as written, with set prefix and `IfExists`: `ForAnyValue:StringLike`.
        key: as written; keys differ in case only by taste.
        values: one of them must match; booleans and numbers in JSON's writing.
    """

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement. Of a member and its `Not` twin, one is empty.

    Attributes:
        index: place in the document, from 0.
        sid: empty where there is none.
        actions, not_actions, resources, not_resources: as written. A trust policy has no resource.
        line, column: where the statement begins, from 1.
    """

    index: int
    sid: str
    effect: Effect
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    conditions: tuple[Condition, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document.

    Attributes:
        name: how findings call it, a policy's name or a file's.
        statements: in the document's order, at least one.
    """

    name: str
    statements: tuple[Statement, ...]
