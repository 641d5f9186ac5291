"""What is wrong with which key, before it is known where that key was set."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and array indices from the root: `("custom_metrics", "commands", 0, "argv")`."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_SHOWN: Final = 300
_LONGEST_COMPARED: Final = 60
_WIDEST_NUMBER_BITS: Final = 64
_ALIKE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        paths: the keys that are to blame, first the one that the message speaks of.
        message: continues the sentence that the first key begins.
        hint: what the operator can do about it.
    """

    paths: tuple[KeyPath, ...]
    message: str
    hint: str = ""

    @classmethod
    def at(cls, *keys: str, message: str, hint: str = "") -> Self:
        """Blame settings by their dotted names."""
        return cls(tuple(tuple(key.split(".")) for key in keys), message, hint)


def dotted(path: KeyPath) -> str:
    """Write a path for people: `custom_metrics.commands[0].argv`; odd keys are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if _BARE_KEY.fullmatch(step) else f".{shown(step)}"
    return text.removeprefix(".")


def shown(value: Any) -> str:
    """Write a value that came from outside on one line: short, printable, without control codes."""
    match value:
        case str():
            text = json.dumps(value)
        case bool():
            text = str(value).lower()
        case int() if value.bit_length() > _WIDEST_NUMBER_BITS:
            text = "a huge number"
        case int() | float():
            text = str(value)
        case _:
            text = "this value"
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + '..."'


def did_you_mean(name: str, choices: list[str]) -> str:
    """Hint at the choice that looks most like a name, empty where none does."""
    from difflib import get_close_matches  # noqa: PLC0415  only a wrong configuration needs it

    close = get_close_matches(name[:_LONGEST_COMPARED], choices, n=1, cutoff=_ALIKE)
    return f"did you mean {close[0]}?" if close else ""
