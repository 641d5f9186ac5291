"""Rules for regular expressions: they compile, and they cannot stall whoever searches with them."""

import re
from collections.abc import Iterator
from re import _parser as parser  # type: ignore[attr-defined]  # typeshed does not know it
from typing import Any, Final

from devicewarden.config.fault import Fault, shown
from devicewarden.config.settings import Settings

_MANY: Final = 10
"""So often repeated, a repetition that can end at several places is tried in too many ways."""
_BACKTRACKING: Final = ("MAX_REPEAT", "MIN_REPEAT")
_DECIDED: Final = ("ATOMIC_GROUP", "POSSESSIVE_REPEAT")


def redactions(settings: Settings) -> Iterator[Fault]:
    """What is redacted comes from hostile processes, which would have the agent search for ever."""
    for index, pattern in enumerate(settings.detect.redact):
        path = ("detect", "redact", index)
        try:
            stalls = _repeats_repetition(parser.parse(pattern), many=False)
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            message = f"{shown(pattern)} is no regular expression: {error}"
            yield Fault((path,), message, "test it with Python's re module")
        else:
            if stalls:
                yield Fault(
                    (path,),
                    f"{shown(pattern)} repeats a repetition, which can stall the agent",
                    r"repeat once, \S+ in the place of (\S+)+, or at most 9 times",
                )


def _repeats_repetition(parsed: Any, *, many: bool) -> bool:
    """Tell whether a part of no fixed length is repeated many times.

    Not every such pattern stalls, and some others do; these are the ones that people write.
    """
    for operation, argument in parsed:
        name, inner = str(operation), many and str(operation) not in _DECIDED
        if name in _BACKTRACKING:
            least, most, _ = argument
            if many and least != most:
                return True
            inner = many or most >= _MANY
        if any(_repeats_repetition(part, many=inner) for part in _parts(argument)):
            return True
    return False


def _parts(argument: Any) -> Iterator[Any]:
    if isinstance(argument, parser.SubPattern):
        yield argument
    elif isinstance(argument, list | tuple):
        for each in argument:
            yield from _parts(each)
