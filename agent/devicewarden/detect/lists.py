"""List metrics as they were last seen: only what is new is judged, by all behaviors together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from devicewarden.detect.elements import Batch, ListValue, Seen, elements_of
from devicewarden.detect.list_judge import ListJudge
from devicewarden.detect.window import Windows
from devicewarden.model.violation import ViolationEvent

_NOTHING: Final[frozenset[Any]] = frozenset()


class Lists:
    """What is known of every list metric. An unchanged list costs nothing for its elements."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}

    def forget(self) -> None:
        """See every list as a new one, because there are other judges."""
        self._seen = {}

    def see(
        self,
        at: datetime,
        metric: str,
        value: ListValue,
        brief: ListValue | None,
        judges: Sequence[ListJudge],
        windows: Windows,
    ) -> list[ViolationEvent]:
        """Take a list as it is now.

        Args:
            at: when.
            metric: its name.
            value: the whole list.
            brief: elements that came and went since the last observation.
            judges: of the behaviors on this metric.
            windows: in which the elements are gathered.
        """
        seen = self._seen_as(metric, value, judges)
        change = seen.see(value)
        if change is not None:
            for judge in judges:
                judge.change(*change)
        came = _NOTHING if change is None else change[0].elements
        if windows.add_list(metric, seen.kind, seen.elements, came):
            for judge in judges:
                judge.open_window()
        flashed = _only_brief(brief, seen)
        if flashed.elements:
            windows.add_brief(metric, seen.kind, flashed.elements)
        return [
            event
            for judge in judges
            for event in _judged(judge, at, seen, flashed, changed=change is not None)
        ]

    def flash(
        self,
        at: datetime,
        metric: str,
        brief: ListValue,
        judges: Sequence[ListJudge],
        windows: Windows,
    ) -> list[ViolationEvent]:
        """Take elements that came and went, between two looks at the whole list."""
        for judge in judges:
            judge.meet(type(brief))
        flashed = Batch(elements_of(brief))
        windows.add_brief(metric, type(brief), flashed.elements)
        alone = Seen(type(brief))
        return [event for judge in judges for event in judge.flash(at, alone, flashed) or ()]

    def _seen_as(self, metric: str, value: ListValue, judges: Sequence[ListJudge]) -> Seen:
        seen = self._seen.get(metric)
        if seen is None or seen.kind is not type(value):
            seen = self._seen[metric] = Seen(type(value))
            for judge in judges:
                judge.begin(seen.kind)
        return seen


def _judged(
    judge: ListJudge, at: datetime, seen: Seen, flashed: Batch, *, changed: bool
) -> list[ViolationEvent]:
    hit = judge.flash(at, seen, flashed) if flashed.elements else None
    if hit is not None:
        return hit  # what has just raised an alarm is not cleared by the same observation
    if not changed and judge.at_rest:
        return []
    return judge.observe(at, seen, changed=changed)


def _only_brief(brief: ListValue | None, seen: Seen) -> Batch:
    return Batch(elements_of(brief) - seen.elements if type(brief) is seen.kind else _NOTHING)
