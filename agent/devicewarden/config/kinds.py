"""One raw value -> one typed value, strictly: a wrong type is an error, never a conversion."""

import math
import re
from collections.abc import Callable
from typing import Any, Final, get_args

from devicewarden.config.fault import shown
from devicewarden.config.knobs import Knob

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_KIND_NAMES: Final = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "a table",
}


class BadValueError(ValueError):
    """A value that a setting cannot take; the message continues the setting's name."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def boolean(value: Any, _kind: Any = bool) -> bool:
    """Take true or false."""
    return bool(_exactly(bool, value))


def integer(value: Any, _kind: Any = int) -> int:
    """Take an integer; a boolean is none."""
    return int(_exactly(int, value))


def number(value: Any, _kind: Any = float) -> float:
    """Take a finite number; an integer is one, a boolean is none."""
    if type(value) is not int:
        _exactly(float, value)
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise BadValueError("must be a finite number")
    return result


def string(value: Any, _kind: Any = str) -> str:
    """Take text that can be a path or an argument: no NUL, and nothing but Unicode."""
    text = str(_exactly(str, value))
    if "\0" in text:
        raise BadValueError("must not contain the character NUL")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise BadValueError("must be UTF-8 text")
    return text


def choice(value: Any, kind: Any) -> Any:
    """Take one of the values of a Literal, which are all of one type."""
    choices = get_args(kind)
    _exactly(type(choices[0]), value)
    if value not in choices:
        raise BadValueError(f"must be {' or '.join(map(shown, choices))}, not {shown(value)}")
    return value


def array(value: Any) -> list[Any]:
    """Take an array, whose elements are judged one by one later."""
    return list(_exactly(list, value))


def table(value: Any) -> dict[str, Any]:
    """Take a table, whose keys are judged one by one later."""
    return dict(_exactly(dict, value))


def within(knob: Knob, hook: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Make a hook keep to a setting's bounds too; text must fit on one line."""

    def checked(value: Any, kind: Any) -> Any:
        result = hook(value, kind)
        if isinstance(result, str) and _CONTROL.search(result):
            raise BadValueError("must not contain control characters")
        if knob.minimum is not None and result < knob.minimum:
            raise BadValueError(f"must be at least {knob.minimum}, not {shown(result)}")
        if knob.maximum is not None and result > knob.maximum:
            raise BadValueError(f"must be at most {knob.maximum}, not {shown(result)}")
        return result

    return checked


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is kind:
        return value
    found = _KIND_NAMES.get(type(value), "a date or time")
    hint = "write it without quotes" if type(value) is str and kind in {bool, int, float} else ""
    raise BadValueError(f"must be {_KIND_NAMES[kind]}, not {found}", hint=hint)
