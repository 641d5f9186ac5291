"""Patterns with `*`, `?` and policy variables, as sequences of symbols.

A symbol is one character, one policy variable, or FRESH: a character that no policy contains. What
a set of patterns says about FRESH it says about every character that their author did not write,
so that questions about all strings become questions about a few symbols.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

Symbol: TypeAlias = str

FRESH: Final[Symbol] = "<fresh>"
ONE: Final = "<?>"
RUN: Final = "<*>"
LEVEL: Final = "<*/>"
"""A run without a slash: one level of a topic."""
FIELD: Final = "<*:>"
"""A run without a colon: one field of an ARN."""
RUNS: Final[Mapping[str, str]] = {RUN: "", LEVEL: "/", FIELD: ":"}
"""Token -> the character that it stops at."""

_VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_LITERAL_VARIABLES: Final = frozenset("*?$")
_COLONS: Final = 5
"""`arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME`"""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of strings.

    Attributes:
        tokens: symbols that stand for themselves, ONE, and runs, no two runs side by side.
    """

    tokens: tuple[str, ...]


def is_variable(symbol: Symbol) -> bool:
    """Tell whether a symbol stands for a policy variable, whose length nobody knows."""
    return symbol.startswith("${") and len(symbol) > 1


@lru_cache(maxsize=4096)
def resource_pattern(text: str) -> Pattern:
    """Read a resource: case counts, `+` and `#` are themselves.

    `${*}`, `${?}` and `${$}` are those characters. Any other variable is one symbol, whatever its
    value: within one request it has just one. This is so under each Version, also the old one that
    knows no variables. A variable whose default has a wildcard, `${a, '*'}`, is that wildcard.
    In a complete ARN a wildcard before the name stays within its field, as in ArnLike.

    Source: IAM User Guide, "IAM policy elements: Variables and tags"; AWS IoT Core Developer
    Guide, "AWS IoT Core policy variables".
    """
    tokens: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        tokens += _wildcards(text[end : found.start()])
        tokens.append(_variable(found[1]))
        end = found.end()
    return Pattern(_in_fields(_normal([*tokens, *_wildcards(text[end:])])))


@lru_cache(maxsize=4096)
def action_pattern(text: str) -> Pattern:
    """Read an action: case does not count, and there are no variables."""
    return Pattern(_normal(_wildcards(text.lower())))


def as_run(pattern: Pattern, variable: Symbol) -> Pattern:
    """Read a variable as a wildcard: its value is up to the client."""
    return Pattern(_normal([RUN if token == variable else token for token in pattern.tokens]))


def _variable(inside: str) -> str:
    if inside in _LITERAL_VARIABLES:
        return inside
    name, _, default = inside.partition(",")
    return RUN if "*" in default or "?" in default else f"${{{name.strip().lower()}}}"


def _wildcards(text: str) -> list[str]:
    return [{"*": RUN, "?": ONE}.get(character, character) for character in text]


def _normal(tokens: Iterable[str]) -> tuple[str, ...]:
    """Write `*?*` as `?*`: the same strings, and no two runs side by side."""
    normal: list[str] = []
    for token in tokens:
        if normal and {normal[-1], token} <= RUNS.keys():
            normal[-1] = RUN
        elif [*normal[-1:], token] == [RUN, ONE]:
            normal.insert(-1, ONE)
        else:
            normal.append(token)
    return tuple(normal)


def _in_fields(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the wildcards of a complete ARN within their fields; the last field may have colons."""
    colons = [place for place, symbol in enumerate(tokens) if symbol == ":"]
    if "".join(tokens[:4]) != "arn:" or len(colons) < _COLONS:
        return tokens
    name = colons[_COLONS - 1]
    return (*({RUN: FIELD}.get(t, t) for t in tokens[:name]), *tokens[name:])


@dataclass(slots=True, eq=False)
class Automaton:
    """Several patterns, followed at once: a bit for each place between their tokens.

    Attributes:
        start: bits before the first symbol.
        certain: places from which a pattern matches whatever follows.
    """

    start: int = 0
    certain: int = 0
    _literals: dict[Symbol, int] = field(default_factory=dict)
    _ends: int = 0
    _ones: int = 0
    _runs: int = 0
    _stops: dict[str, int] = field(default_factory=dict)
    _size: int = 0

    def add(self, pattern: Pattern) -> None:
        """Follow one more pattern."""
        self.start |= 1 << self._size
        for token in pattern.tokens:
            bit = 1 << self._size
            if token in RUNS:
                self._runs |= bit
                self._stops[RUNS[token]] = self._stops.get(RUNS[token], 0) | bit
            elif token == ONE:
                self._ones |= bit
            else:
                self._literals[token] = self._literals.get(token, 0) | bit
            self._size += 1
        self._ends |= 1 << self._size
        if pattern.tokens[-1:] == (RUN,):
            self.certain |= 1 << self._size - 1
        self._size += 1
        self.start = self._skipped(self.start)

    def step(self, bits: int, symbol: Symbol) -> int:
        """Read one symbol. `?` is no variable: nobody knows how long its value is."""
        passed = self._literals.get(symbol, 0)
        if not is_variable(symbol):
            passed |= self._ones
        stays = bits & self._runs & ~(self._stops.get(symbol, 0) if symbol else 0)
        return self._skipped((bits & passed) << 1 | stays)

    def expected(self, bits: int) -> list[Symbol]:
        """Tell which symbols the patterns name at these places."""
        return [symbol for symbol, mask in self._literals.items() if mask & bits]

    def matches(self, word: Iterable[Symbol]) -> bool:
        """Tell whether one of the patterns matches a word."""
        bits = self.start
        for symbol in word:
            bits = self.step(bits, symbol)
        return self.accepts(bits)

    def accepts(self, bits: int) -> bool:
        """Tell whether one of the patterns matches what was read."""
        return bool(bits & self._ends)

    def _skipped(self, bits: int) -> int:
        return bits | (bits & self._runs) << 1


def automaton(patterns: Iterable[Pattern]) -> Automaton:
    """Follow patterns at once."""
    made = Automaton()
    for pattern in patterns:
        made.add(pattern)
    return made
