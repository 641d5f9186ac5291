"""Where each value of a JSON text stands, and which names stand twice: json does not tell."""

import json
import re
from dataclasses import dataclass, field
from typing import Final

from devicewarden.config.fault import KeyPath

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


@dataclass(slots=True)
class Positions:
    """Places in one text.

    Attributes:
        text: valid JSON.
        offsets: path of a value -> offset of its first character.
        repeated: paths that an object gives more than once, in the text's order.
    """

    text: str
    offsets: dict[KeyPath, int] = field(default_factory=dict)
    repeated: list[KeyPath] = field(default_factory=list)

    def line_column(self, path: KeyPath) -> tuple[int, int]:
        """Tell line and column, from 1, of a value, or of the nearest one that is around it."""
        while path and path not in self.offsets:
            path = path[:-1]
        return line_column(self.text, self.offsets.get(path, 0))


def line_column(text: str, offset: int) -> tuple[int, int]:
    """Tell the line and the column of an offset, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def find_positions(text: str, deepest: int) -> Positions:
    """Find where the values of a text stand.

    Args:
        text: valid JSON.
        deepest: steps of a path; values that stand deeper are passed over.
    """
    found = Positions(text)
    path: list[str | int] = []  # the member or element that is being read, in each open container
    awaits_name = False
    for token in _TOKEN.finditer(text):
        match token.group():
            case "{" | "[" as bracket:
                _note(found, path, token.start(), deepest)
                awaits_name = bracket == "{"
                path.append("" if awaits_name else 0)
            case "}" | "]":
                path.pop()
            case ",":
                awaits_name = isinstance(path[-1], str)
                path[-1] = "" if awaits_name else int(path[-1]) + 1
            case ":":
                awaits_name = False
            case name if awaits_name:
                path[-1] = str(json.loads(name))
            case _:
                _note(found, path, token.start(), deepest)
    return found


def _note(found: Positions, path: list[str | int], offset: int, deepest: int) -> None:
    if len(path) <= deepest:
        key = tuple(path)
        if key in found.offsets:
            found.repeated.append(key)
        found.offsets[key] = offset
