"""Values as columns of the state file hold them: text, and times in ms since the epoch."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


_MOST_A_PASS_MS: Final = 2 * 86_400_000


def slowly(oldest_ms: int, earliest_ms: int | None) -> int:
    """Bound what a pass deletes to the first two days of what there is.

    Args:
        oldest_ms: what is older may go.
        earliest_ms: the oldest that there is; None: nothing.
    """
    return oldest_ms if earliest_ms is None else min(oldest_ms, earliest_ms + _MOST_A_PASS_MS)


def storable(text: str, longest: int) -> str:
    """Cut a text that others chose, and replace what UTF-8, hence SQLite, has no place for."""
    return text[:longest].encode(errors="replace").decode()


def read_object(text: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ValueError: it is none.
    """
    try:
        found = json.loads(text)
    except RecursionError as error:
        raise ValueError("a row has an impossible document") from error
    if not isinstance(found, dict):
        raise ValueError("a row has an impossible document")  # noqa: TRY004  it was read, not given
    return found


def to_ms(at: datetime) -> int:
    """Tell an aware time in whole milliseconds since the epoch."""
    return (at - _EPOCH) // _MILLISECOND


def from_ms(at_ms: int) -> datetime:
    """Rebuild the aware UTC time.

    Raises:
        ValueError: no calendar has it.
    """
    try:
        return _EPOCH + at_ms * _MILLISECOND
    except OverflowError as error:
        raise ValueError("a row has an impossible time") from error
