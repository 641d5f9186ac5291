"""A JSON value that came from outside, and where it stands: a wrong one is noted, not raised."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from devicewarden.config.fault import KeyPath, did_you_mean, shown
from devicewarden.config.profile_problem import Problems

_KINDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a number",
    list: "an array",
    str: "a string",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a document. A reader gives None, or nothing, for a value that it notes as wrong.

    Attributes:
        value: decoded JSON, not yet judged.
        path: keys and indices from the document's root.
        problems: where what is wrong is noted.
        ignored: nothing here depends on it, so that only AWS minds when it is wrong.
    """

    value: object
    path: KeyPath
    problems: Problems
    ignored: bool = False

    def refuse(self, reason: str) -> None:
        """Note that the value is wrong."""
        note = self.problems.unlike_aws if self.ignored else self.problems.error
        note(self.path, reason)

    def ignore(self) -> "Node":
        """Give the same value as one that only AWS minds."""
        return Node(self.value, self.path, self.problems, ignored=True)

    def members(
        self, known: Collection[str], required: Collection[str] = ()
    ) -> Mapping[str, "Node"]:
        """Read an object: its known members by name, in the document's order."""
        if not isinstance(self.value, dict):
            self._mistyped("an object")
            return {}
        for name in self.value:
            if name not in known and not self.problems.full:
                self.problems.unlike_aws((*self.path, str(name)), _unknown(str(name), known))
        for name in required:
            if name not in self.value:
                self.refuse(f"has no {name}")
        return {name: self._at(name, item) for name, item in self.value.items() if name in known}

    def items(self, most: int) -> list["Node"]:
        """Read an array; one with more elements than `most` is wrong, and so many are given."""
        if not isinstance(self.value, list):
            self._mistyped("an array")
            return []
        if len(self.value) > most:
            self.refuse(f"has {len(self.value)} elements, more than {most}")
        return [self._at(index, item) for index, item in enumerate(self.value[:most])]

    def text(
        self, pattern: re.Pattern[str] | None = None, meaning: str = "", least: int = 0
    ) -> str | None:
        """Read a string; `meaning` says what the pattern asks for."""
        if not isinstance(self.value, str):
            self._mistyped("a string")
            return None
        if pattern and not pattern.fullmatch(self.value):
            self.refuse(f"must be {meaning}, not {shown(self.value)}")
            return None
        if len(self.value) < least:
            self.refuse(f"must have at least {least} characters")
            return None
        return self.value

    def one_of(self, choices: Collection[str]) -> str | None:
        """Read one of a few words."""
        if not isinstance(self.value, str):
            self._mistyped("a string")
            return None
        if self.value not in choices:
            hint = did_you_mean(self.value, list(choices)) or f"one of {', '.join(choices)}"
            self.refuse(f"{shown(self.value)} does not exist ({hint})")
            return None
        return self.value

    def integer(self, minimum: int, maximum: int) -> int | None:
        """Read a whole number; true is none."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self._mistyped("a whole number")
            return None
        if not minimum <= self.value <= maximum:
            self.refuse(f"must be {minimum} to {maximum}, not {shown(self.value)}")
            return None
        return self.value

    def number(self) -> float | None:
        """Read a finite number; true is none."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self._mistyped("a number")
            return None
        try:
            number = float(self.value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            self.refuse("is too large for 64 bits")
            return None
        return number

    def boolean(self) -> bool | None:
        """Read true or false."""
        if not isinstance(self.value, bool):
            self._mistyped("true or false")
            return None
        return self.value

    def _at(self, step: str | int, value: Any) -> "Node":
        return Node(value, (*self.path, step), self.problems, self.ignored)

    def _mistyped(self, wanted: str) -> None:
        found = _KINDS.get(type(self.value), "no JSON value")
        self.refuse(f"must be {wanted}, not {found}")


def _unknown(name: str, known: Collection[str]) -> str:
    hint = did_you_mean(name, list(known))
    return "is not taken by AWS, and ignored here" + (f" ({hint})" if hint else "")
