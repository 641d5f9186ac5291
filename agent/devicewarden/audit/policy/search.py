"""Questions about sets of strings, answered exactly: is anything left, covered, common?

A string is looked for that all `inside` patterns match, one pattern of each group in `one_of`
matches, and no `outside` pattern matches. It is built symbol by symbol. Only symbols that a pattern
names at that place are tried, and FRESH: every other character would do no better than FRESH.
What was reached once is not looked at twice, hence no pattern makes it try a string again.
Without `outside` patterns the steps are at most the product of the lengths of `inside`; with them
hostile patterns can ask for more, which is what `Effort` bounds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product, repeat
from typing import Final, NamedTuple

from devicewarden.audit.policy.glob import (
    FRESH,
    ONE,
    RUNS,
    Automaton,
    Pattern,
    Symbol,
    automaton,
    is_variable,
)
from devicewarden.audit.policy.problem import Effort

NOTHING: Final = automaton(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a string has to be like.

    Attributes:
        inside: patterns that all match it; at least one.
        one_of: groups of patterns, of each of which one matches it.
        outside: patterns that do not match it.
    """

    inside: Sequence[Pattern]
    one_of: Sequence[Automaton] = ()
    outside: Automaton = NOTHING


def exists(question: Question, effort: Effort) -> bool:
    """Tell whether there is such a string.

    Raises:
        PolicyError: the effort ended before the answer was found.
    """
    return _Search(question.inside, question.one_of, question.outside).run(effort)


def covers(whole: Iterable[Pattern], part: Pattern, effort: Effort) -> bool:
    """Tell whether every string that `part` matches is matched by one of `whole`."""
    return not exists(Question(inside=[part], outside=automaton(whole)), effort)


def overlap(one: Pattern, other: Pattern, effort: Effort) -> bool:
    """Tell whether there is a string that both patterns match."""
    return exists(Question(inside=[one, other]), effort)


class _State(NamedTuple):
    """How far a string has come.

    Attributes:
        places: tokens passed of each pattern in `inside`.
        groups: bits of each group in `one_of`.
        outside: bits of what must not match.
    """

    places: tuple[int, ...]
    groups: tuple[int, ...]
    outside: int


@dataclass(frozen=True, slots=True)
class _Search:
    inside: Sequence[Pattern]
    one_of: Sequence[Automaton]
    outside: Automaton

    def run(self, effort: Effort) -> bool:
        start = _State(
            tuple(0 for _ in self.inside),
            tuple(group.start for group in self.one_of),
            self.outside.start,
        )
        reached, waiting = {start}, [start]
        while waiting:
            state = waiting.pop()
            if self._accepts(state):
                return True
            for following in self._following(state):
                effort.spend()
                if following not in reached:
                    reached.add(following)
                    waiting.append(following)
        return False

    def _accepts(self, state: _State) -> bool:
        return (
            all(
                len(pattern.tokens) in _reachable(pattern, place)
                for pattern, place in zip(self.inside, state.places, strict=True)
            )
            and all(map(Automaton.accepts, self.one_of, state.groups))
            and not self.outside.accepts(state.outside)
        )

    def _following(self, state: _State) -> Iterator[_State]:
        for symbol in self._symbols(state):
            outside = self.outside.step(state.outside, symbol)
            groups = tuple(
                group.step(bits, symbol)
                for group, bits in zip(self.one_of, state.groups, strict=True)
            )
            if all(groups) and not outside & self.outside.certain:
                ways = map(_after, self.inside, state.places, repeat(symbol))
                yield from (_State(places, groups, outside) for places in product(*ways))

    def _symbols(self, state: _State) -> set[Symbol]:
        named = {FRESH}
        for pattern, place in zip(self.inside, state.places, strict=True):
            named.update(
                token
                for at in _reachable(pattern, place)
                for token in pattern.tokens[at : at + 1]
                if token != ONE and token not in RUNS
            )
        for group, bits in zip(self.one_of, state.groups, strict=True):
            named.update(group.expected(bits))
        return named


def _reachable(pattern: Pattern, place: int) -> tuple[int, ...]:
    """Give a place and, where a run stands there, the one behind it: a run may be empty."""
    if place < len(pattern.tokens) and pattern.tokens[place] in RUNS:
        return place, place + 1
    return (place,)


def _after(pattern: Pattern, place: int, symbol: Symbol) -> list[int]:
    """Give the places that one symbol leads to; none where the pattern refuses it."""
    found = []
    for at in _reachable(pattern, place):
        for token in pattern.tokens[at : at + 1]:
            if token in RUNS:
                if symbol != RUNS[token]:
                    found.append(at)
            elif token == symbol or (token == ONE and not is_variable(symbol)):
                found.append(at + 1)
    return found
