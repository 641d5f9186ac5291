"""Judges a list metric by one behavior: at once, or by windows, as the behavior asks.

With `to_alarm` 1 the alarm is raised at once, by any observation; with more, by so many windows in
a row in which an element offended. With `to_clear` 1 it is cleared at once, by the first
observation that conforms; with more, by so many windows in a row without an offending element, so
that what comes and goes is one alarm.
"""

from collections.abc import Iterable
from datetime import datetime
from heapq import nsmallest
from typing import Any, Final

from devicewarden.detect.alarm import QUIET, Judged, Lifecycle
from devicewarden.detect.elements import (
    TOLD_AT_MOST,
    Batch,
    Elements,
    ListValue,
    Seen,
    elements_of,
    told,
    value_of,
)
from devicewarden.detect.learned import SeriesKey
from devicewarden.detect.static import SetCriteria, finder, fits
from devicewarden.detect.trial import Trial
from devicewarden.model.violation import ViolationEvent

_NONE: Final[Elements] = frozenset()


class ListJudge:
    """One behavior on a list metric.

    Attributes:
        life: of its violations.
        key: the metric, and the length of windows.
        fits: whether the metric is of a kind that the criteria can judge.
        trial: in how many of its windows something offended at the end.
    """

    __slots__ = (
        "_criteria",
        "_find",
        "_in_window",
        "_kind",
        "_offending",
        "_windowed",
        "fits",
        "key",
        "life",
        "trial",
    )

    def __init__(self, life: Lifecycle, key: SeriesKey, criteria: SetCriteria) -> None:
        self.life = life
        self.key = key
        self.fits = True
        self.trial = Trial(key.length_s)
        self._kind: type[ListValue] | None = None
        self._in_window: set[Any] = set()
        self._criteria = criteria
        self._find = finder(criteria)
        self._offending: Elements = _NONE
        self._windowed = life.behavior.to_alarm > 1 or life.behavior.to_clear > 1

    @property
    def at_rest(self) -> bool:
        """Whether an observation that shows nothing new has no meaning for this behavior."""
        return not self._offending and self.life.alarm is QUIET

    def remembered(self) -> ListValue | None:
        """Give what offended in the open window, for `resume` after a restart."""
        if self._kind is None or not self._in_window:
            return None
        return value_of(self._kind, self._in_window)

    def resume(self, remembered: ListValue | None) -> None:
        """Go on with what offended in the open window."""
        if remembered is not None and fits(self._criteria, type(remembered)):
            self.meet(type(remembered))
            self._in_window = set(elements_of(remembered))

    def begin(self, kind: type[ListValue]) -> None:
        """Prepare for a list that was not seen before, or not as one of this kind."""
        self.meet(kind)
        self._offending = _NONE

    def meet(self, kind: type[ListValue]) -> None:
        """Prepare for elements of a kind; what is known of another kind means nothing."""
        if kind is not self._kind:
            self.fits = fits(self._criteria, kind)
            self._kind, self._in_window, self._offending = kind, set(), _NONE

    def change(self, came: Batch, went: Elements) -> None:
        """Judge what came, and forget what went."""
        offending = self._find(came) if self.fits else _NONE
        self._offending = (self._offending - went) | offending
        self._note(offending)

    def open_window(self) -> None:
        """Begin a window with what is there."""
        self._note(self._offending)

    def drop_window(self) -> None:
        """Forget the open window: the clock was set."""
        self._in_window = set()

    def observe(self, at: datetime, seen: Seen, *, changed: bool) -> list[ViolationEvent]:
        """Judge the list as it is now; `changed`: not as at the last observation."""
        active, behavior = self.life.alarm.active is not None, self.life.behavior
        if not self.fits:
            return []
        if self._offending and active and not changed:
            self.life.touch(at)
            return []
        if active:
            at_once = bool(self._offending) or behavior.to_clear == 1
        else:
            at_once = behavior.to_alarm == 1
        return self._take(at, seen.kind, seen.elements, self._offending) if at_once else []

    def flash(self, at: datetime, seen: Seen, brief: Batch) -> list[ViolationEvent] | None:
        """Judge elements that came and went since the last observation; None if all conform."""
        flashed = self._find(brief) if self.fits else _NONE
        if not flashed:
            return None
        self._note(flashed)
        if self.life.alarm.active is None and self.life.behavior.to_alarm > 1:
            return []
        offending = (self._offending & seen.elements) | flashed
        return self._take(at, seen.kind, seen.elements | brief.elements, offending)

    def close_window(self, at: datetime, value: ListValue) -> list[ViolationEvent]:
        """Judge a window by what offended in it."""
        offending = frozenset(self._in_window)
        self._in_window = set()
        if self.fits:
            self.trial.note(violates=bool(self._offending))
        active = self.life.alarm.active is not None
        wanted = self.life.behavior.to_clear if active else self.life.behavior.to_alarm
        if not self.fits or wanted == 1:
            return []
        return self._take(at, type(value), elements_of(value) | offending, offending)

    def _take(
        self, at: datetime, kind: type[ListValue], elements: Elements, offending: Elements
    ) -> list[ViolationEvent]:
        if not offending and self.life.alarm is QUIET:
            return []
        value = told(kind, elements, offending)
        return self.life.take(Judged(at, value, bool(offending), lambda: _context(offending)))

    def _note(self, offending: Iterable[Any]) -> None:
        if self._windowed and offending:
            room = TOLD_AT_MOST - len(self._in_window)
            self._in_window.update(nsmallest(room, frozenset(offending) - self._in_window))


def _context(offending: Elements) -> dict[str, Any]:
    if not offending:
        return {}
    named = nsmallest(TOLD_AT_MOST, offending)
    return {"offending": named, "offending_count": len(offending)}
