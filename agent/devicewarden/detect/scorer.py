"""From datapoints in order of time to scores: what surprises, minus what was forgiven.

Clocks may step, datapoints may be missing: none is invented, and a gap resets short memory only.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isfinite
from struct import Struct
from typing import Final, NamedTuple

from devicewarden.detect import habits
from devicewarden.detect.habits import FIRST, Habits, fuse
from devicewarden.detect.histogram import WHOLE
from devicewarden.detect.views import LARGEST, NAMES

DAY_S: Final = 86_400

_LATEST_S: Final = 1 << 40
# More than so many usual steps without a datapoint are a gap.
_GAP_STEPS: Final = 12
# A clock that goes back by more has been set right; by less, that time will come again.
_SET_BACK_S: Final = 3600
# What follows a datapoint this strange is learnt at a quarter: an attack should not teach.
_DOUBTFUL: Final = 3.3
# Forgiven once, a view must show something ten times rarer to count as much, for some months.
_FORGIVEN: Final = 1.0
_MOST_FORGIVEN: Final = 3.0
_FORGOTTEN_OVER_S: Final = 90 * DAY_S

# How many datapoints the evidence for an alarm looks back over.
_LASTING: Final = 6
_STATE: Final = Struct(f"<IqqdddBB{len(NAMES)}d")
_DATAPOINT: Final = Struct("<qd")


class Score(NamedTuple):
    """How strange a datapoint is.

    Attributes:
        value: -log10 of its probability.
        evidence: half of it is `value`, half its moving average: a burst that is over at once
            must be stranger to alarm than what lasts.
        view: the view that found it strangest.
        after_s: seconds since the datapoint before.
    """

    value: float
    evidence: float
    view: str
    after_s: float


class Scorer:
    """Scores the datapoints of one series, and learns from each."""

    __slots__ = (
        "_first",
        "_forgiven",
        "_habits",
        "_last_s",
        "_lasting",
        "_refitted_s",
        "_step_s",
        "_units",
        "count",
        "seen_s",
    )

    def __init__(self) -> None:
        self._first: list[tuple[int, float]] = []
        self._habits: Habits | None = None
        self._forgiven = [0.0] * len(NAMES)
        self._last_s = self._refitted_s = self.count = 0
        self._step_s = self.seen_s = self._lasting = 0.0
        self._units = WHOLE

    def update(self, time_s: int, value: float) -> Score | None:
        """Score a datapoint, then learn it; None for the first ones, and where time went back.

        Args:
            time_s: UTC, in seconds since the epoch.
            value: in the metric's unit; one that is not finite is no datapoint.
        """
        if not (isfinite(value) and 0 <= time_s < _LATEST_S and self._is_later(time_s)):
            return None
        after_s = float(time_s - self._last_s) if self.count else 0.0
        self._last_s = time_s
        self.count += 1
        value = min(max(float(value), -LARGEST), LARGEST)
        if self._habits is None:
            self.seen_s += min(after_s, DAY_S)
            self._begin(time_s, value)
            return None
        gap_s = _GAP_STEPS * self._step_s
        self.seen_s += min(after_s, gap_s)
        if after_s > gap_s:
            self._habits.forget()
            self._lasting = 0.0
        return self._scored(self._habits, time_s, value, after_s)

    def _is_later(self, time_s: int) -> bool:
        if self.count == 0 or time_s > self._last_s:
            return True
        if self._last_s - time_s > _SET_BACK_S:
            self._last_s = self._refitted_s = time_s
        return False

    def _begin(self, time_s: int, value: float) -> None:
        """Keep the first datapoints until there are enough to fit to."""
        self._first.append((time_s, value))
        if len(self._first) == FIRST:
            times = [time for time, _ in self._first]
            steps = sorted(after - before for before, after in pairwise(times))
            self._step_s = float(max(1, steps[len(steps) // 2]))
            self._habits = Habits(self._first)
            self._refitted_s, self._first = time_s, []

    def _scored(self, known: Habits, time_s: int, value: float, after_s: float) -> Score:
        look = known.look(time_s, value)
        surprises = known.surprises(look)
        if any(self._forgiven):
            surprises = self._excused(surprises, after_s)
        score = fuse(surprises)
        self._lasting += (score - self._lasting) / _LASTING
        known.learn(look, self._units)
        self._units = 1 if score > _DOUBTFUL else WHOLE
        if time_s - self._refitted_s >= DAY_S:
            self._refitted_s = time_s
            known.refit()
        view = NAMES[surprises.index(max(surprises))]
        return Score(score, (score + self._lasting) / 2, view, after_s)

    def _excused(self, surprises: Sequence[float], after_s: float) -> list[float]:
        left = max(0.0, 1.0 - after_s / _FORGOTTEN_OVER_S)
        self._forgiven = [each * left for each in self._forgiven]
        return [
            max(0.0, each - less) for each, less in zip(surprises, self._forgiven, strict=False)
        ]

    def forgive(self, datapoints: Iterable[tuple[int, float]], since_s: int, view: str) -> None:
        """Learn at full weight what raised a false alarm, and trust the view that did so less.

        Args:
            datapoints: time and value, in order; those before the alarm, a few hours of them, only
                bring the moving averages to where they were.
            since_s: when the alarm began.
            view: the view it named.
        """
        if self._habits is None:
            return
        short = self._habits.short_memory()
        for time_s, value in datapoints:
            look = self._habits.look(time_s, min(max(value, -LARGEST), LARGEST), short)
            if time_s >= since_s:
                self._habits.learn(look, WHOLE)
        at = NAMES.index(view)
        self._forgiven[at] = min(self._forgiven[at] + _FORGIVEN, _MOST_FORGIVEN)

    def usual(self, time_s: int) -> tuple[float, float] | None:
        """Tell the range that holds 98 of 100 values at this hour of the day, once it is known."""
        return None if self._habits is None else self._habits.usual(time_s)

    def dump(self) -> bytes:
        """Pack everything learnt into bytes."""
        state = _STATE.pack(
            self.count, self._last_s, self._refitted_s, self._step_s, self.seen_s, self._lasting,
            self._units, len(self._first), *self._forgiven,
        )  # fmt: skip
        if self._habits is not None:
            return state + self._habits.dump()
        return state + b"".join(_DATAPOINT.pack(*each) for each in self._first)

    @classmethod
    def load(cls, packed: bytes) -> "Scorer":
        """Unpack what `dump` gave; ValueError or struct.error where it cannot have."""
        (
            count, last_s, refitted_s, step_s, seen_s, lasting, units, first, *forgiven,
        ) = _STATE.unpack_from(packed)  # fmt: skip
        body = packed[_STATE.size :]
        self = cls()
        if count > first or len(body) == habits.PACKED_SIZE:
            self._habits = Habits.load(body)
        else:
            self._first = [(time, value) for time, value in _DATAPOINT.iter_unpack(body)]
        numbers = (step_s, seen_s, lasting, *(value for _, value in self._first))
        fits = len(self._first) == first and units in (1, WHOLE) and lasting >= 0
        fits = fits and all(0 <= each <= _MOST_FORGIVEN for each in forgiven)
        if not fits or not all(map(isfinite, numbers)):
            raise ValueError("the state of a series is out of range")
        self.count, self._last_s, self._refitted_s = count, last_s, refitted_s
        self._step_s, self.seen_s, self._lasting = step_s, seen_s, lasting
        self._units, self._forgiven = units, forgiven
        return self
