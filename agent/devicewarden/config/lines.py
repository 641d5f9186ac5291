"""On which line each key of a TOML document stands: tomllib does not tell.

The document is known to be valid, so the scanner only has to find where tokens end.
"""

import re
import tomllib
from typing import Final

from devicewarden.config.fault import KeyPath

_KEY_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_KEY: Final = re.compile(rf"{_KEY_PART}(?:[ \t]*\.[ \t]*{_KEY_PART})*")
_BLANK: Final = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_SCALAR: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|[^,\]}#\n]+",
    re.DOTALL,
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Find the line of each key, table and array element.

    Args:
        text: a valid TOML document.

    Returns:
        Path -> line, counted from 1; a table has the line on which it is first mentioned.

    Raises:
        RecursionError: values are nested about as deep as tomllib can follow.
    """
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._lines: dict[KeyPath, int] = {}
        self._tables: dict[KeyPath, int] = {}  # array of tables -> index of its last element

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while following := self._next():
            if following == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _header(self) -> KeyPath:
        is_array = self._text.startswith("[[", self._at)
        self._advance(2 if is_array else 1)
        *parents, last = self._key()
        table: KeyPath = ()
        for part in parents:
            table = self._element((*table, part))
        table = (*table, last)
        if is_array:
            self._tables[table] = self._tables.get(table, -1) + 1
        table = self._element(table)
        self._next()
        self._advance(2 if is_array else 1)
        return table

    def _element(self, path: KeyPath) -> KeyPath:
        """Note a table, and step into the last element where it is an array of tables."""
        self._lines.setdefault(path, self._line)
        if path not in self._tables:
            return path
        element = (*path, self._tables[path])
        self._lines.setdefault(element, self._line)
        return element

    def _pair(self, table: KeyPath) -> None:
        path = table
        for part in self._key():
            path = (*path, part)
            self._lines.setdefault(path, self._line)
        self._next()
        self._advance(1)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        match self._next():
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case _:
                self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._advance(1)
        index = 0
        while self._next() != "]":
            self._lines[*path, index] = self._line
            self._value((*path, index))
            index += 1
        self._advance(1)

    def _inline_table(self, path: KeyPath) -> None:
        self._advance(1)
        while self._next() != "}":
            self._pair(path)
        self._advance(1)

    def _key(self) -> list[str]:
        self._next()
        return _parts(self._take(_KEY))

    def _next(self) -> str:
        """Skip blanks, comments and commas; tell the character that follows, empty at the end."""
        self._take(_BLANK)
        return self._text[self._at : self._at + 1]

    def _take(self, token: re.Pattern[str]) -> str:
        found = token.match(self._text, self._at)
        text = found.group() if found else ""
        self._advance(len(text))
        return text

    def _advance(self, length: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + length)
        self._at += length


def _parts(key: str) -> list[str]:
    if '"' not in key and "'" not in key:
        return [part.strip() for part in key.split(".")]
    inner = tomllib.loads(f"{key}=0")
    parts = []
    while isinstance(inner, dict):
        ((part, inner),) = inner.items()
        parts.append(part)
    return parts
