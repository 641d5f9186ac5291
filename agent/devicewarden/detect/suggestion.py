"""One behavior of a suggested profile, before it has its name."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple


class Draft(NamedTuple):
    """Criteria that were made of what was seen.

    Attributes:
        criteria: as a profile has them.
        values: elements of lists among them.
        origins: where each value comes from.
    """

    criteria: Mapping[str, Any]
    values: int
    origins: tuple[str, ...]


class Refused(Exception):  # noqa: N818  no error: it says why a metric has no behavior
    """Nothing can be said about a metric that AWS would take and that would hold."""


def stamp(at: datetime) -> str:
    """Write a time for people."""
    return f"{at:%Y-%m-%d %H:%M}Z"
