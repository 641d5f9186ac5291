"""Members of a JSON document that may be damaged, each read as the type that it should have."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from devicewarden.model.errors import BaselineError

_LATEST_S: Final = 4e10
"""A time before the year 3238, so that sums of times stay within what `datetime` holds."""

_LARGEST: Final = 1e300
"""Not infinite, and sums of it are not."""


def member(document: object, name: str) -> Any:
    """Give a member of an object.

    Raises:
        BaselineError: there is none; so do all of these where a value is not what it should be.
    """
    if not isinstance(document, dict) or name not in document:
        raise BaselineError(f"there is no {name}")
    return document[name]


def number(value: object) -> float:
    """Read a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BaselineError("no number")
    if not abs(value) <= _LARGEST:
        raise BaselineError("no finite number")
    return value


def seconds(value: object) -> float:
    """Read a time in seconds, not negative."""
    read = number(value)
    if not 0 <= read <= _LATEST_S:
        raise BaselineError("no time")
    return read


def count(value: object) -> int:
    """Read a whole number, not negative."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise BaselineError("no count")
    return value


def text(value: object) -> str:
    """Read a string."""
    if not isinstance(value, str):
        raise BaselineError("no text")
    return value


def items(value: object, most: int) -> list[Any]:
    """Read an array of at most so many elements."""
    if not isinstance(value, list) or len(value) > most:
        raise BaselineError("no array")
    return value


def pair(value: object) -> tuple[Any, Any]:
    """Read an array of two elements."""
    match value:
        case [first, second]:
            return first, second
        case _:
            raise BaselineError("no pair")


def table(value: object) -> Mapping[str, Any]:
    """Read an object."""
    if not isinstance(value, dict):
        raise BaselineError("no object")
    return value


def moment(value: object) -> datetime:
    """Read a time in ISO 8601 with its zone."""
    try:
        read = datetime.fromisoformat(text(value))
    except ValueError as error:
        raise BaselineError("no time") from error
    if read.tzinfo is None:
        raise BaselineError("a time without a zone")
    return instant(read.timestamp())


def instant(value: object) -> datetime:
    """Read a time in seconds since the epoch."""
    return datetime.fromtimestamp(seconds(value), UTC)
