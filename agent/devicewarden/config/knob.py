"""How a setting is declared."""

from dataclasses import field, is_dataclass
from typing import Any, Literal, TypeAlias, get_args, get_origin

PathKind: TypeAlias = Literal["file", "secret", "place"]
"""An existing file, one that only its owner may read, or a place that need not exist yet."""


def knob(
    default: Any,
    doc: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    path: PathKind | None = None,
) -> Any:
    """Declare a setting: what it does in one line, its bounds, both inclusive, and its path kind.

    A path is absolute, so that it means the same wherever the agent is started.
    """
    metadata = {"doc": doc, "minimum": minimum, "maximum": maximum, "path": path}
    return field(default=default, metadata=metadata)


def member_of(kind: Any) -> type[Any] | None:
    """Give the class of the tables in an array of tables, by its annotation; None: it is none."""
    inner = get_args(kind)[0] if get_origin(kind) is tuple else None
    return inner if isinstance(inner, type) and is_dataclass(inner) else None
