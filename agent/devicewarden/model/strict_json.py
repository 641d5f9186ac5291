"""Reads JSON that others wrote, and refuses what JSON can spell and nothing else could take on."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

from devicewarden.model.errors import DocumentError

_MAX_DIGITS: Final = 20
"""Enough for 64 bits; Python takes long over thousands of them, or refuses them."""


def _refuse_long(text: str) -> NoReturn:
    raise DocumentError(f"has an integer of {len(text)} digits")


def read_json(
    content: bytes, *, levels: int, long_integer: Callable[[str], float] = _refuse_long
) -> object:
    """Read one document; what comes out can be written again, as JSON, as CBOR, or as UTF-8.

    Args:
        content: hostile bytes, no more than the caller wants to read.
        levels: how deep arrays and objects may be nested, plain values counted as a level.
        long_integer: reads an integer that needs more than 64 bits; by default it is refused.

    Raises:
        DocumentError: it says what the document is or has, and nothing of what it holds: not
            UTF-8, not JSON, nested too deeply, a member given twice, a number that is not finite,
            half a surrogate pair.
    """

    def integer(text: str) -> float:
        return int(text) if len(text.lstrip("-")) <= _MAX_DIGITS else long_integer(text)

    try:
        document = json.loads(
            content.decode(),
            parse_int=integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object_of_unique_members,
        )
        _write(document)
    except UnicodeDecodeError as error:
        raise DocumentError("is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise DocumentError(f"is not JSON: {error}") from error
    except RecursionError as error:
        raise _too_deep(levels) from error
    if _deeper_than(levels, document):
        raise _too_deep(levels)
    return document


def _write(document: object) -> None:
    """Find what a reader takes and a writer does not."""
    try:
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError as error:
        raise DocumentError("has text with half a surrogate pair") from error
    except ValueError as error:
        raise DocumentError(
            "has a number that is not finite, or needs more than 64 bits"
        ) from error


def _refuse_constant(constant: str) -> NoReturn:
    raise DocumentError(f"is not JSON: {constant}")


def _object_of_unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DocumentError("has a member twice in one object")
    return members


def _too_deep(levels: int) -> DocumentError:
    return DocumentError(f"is nested more than {levels} levels deep")


def _deeper_than(most: int, document: object) -> bool:
    level = [document]
    for _ in range(most):
        level = [child for value in level for child in _children(value)]
    return bool(level)


def _children(value: object) -> Iterator[object]:
    match value:
        case dict():
            yield from value.values()
        case list():
            yield from value
