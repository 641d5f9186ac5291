"""What a series usually does: a histogram of its values, by hour too, and one of each view."""

from collections.abc import Sequence
from math import log10
from typing import Final, NamedTuple

from devicewarden.detect import histogram, season, views
from devicewarden.detect.histogram import WHOLE, Histogram
from devicewarden.detect.season import Season
from devicewarden.detect.views import NAMES, OF_VALUES, WEIGHTS, Views

HOUR_S: Final = 3600
# The fit is to so many datapoints; as many again, and surprises have been seen enough to judge.
FIRST: Final = 150
_NOTHING_STRANGE: Final = [0.0] * len(NAMES[OF_VALUES:])
_WHOLE_WEIGHT: Final = sum(WEIGHTS)
_HISTOGRAMS: Final = 1 + len(NAMES)
PACKED_SIZE: Final = (
    2 + _HISTOGRAMS * histogram.PACKED_SIZE + season.PACKED_SIZE + views.PACKED_SIZE
)


class Look(NamedTuple):
    """One datapoint as all views see it: its hour, its place, and the place in each view."""

    hour: int
    place: float
    places: tuple[float, ...]


class Habits:
    """The long memory of a series, and the short one of its views."""

    __slots__ = ("_of_views", "_season", "_seen", "_values", "_views")

    def __init__(self, first: Sequence[tuple[int, float]]) -> None:
        """Fit to the first FIRST datapoints (time in s, value), and learn them."""
        values = [value for _, value in first]
        warm = Views(values[0])
        seen = list(zip(*(warm.of_value(value) for value in values), strict=True))
        self._values, self._season = Histogram.of(values), Season()
        self._of_views = [Histogram.of(each) for each in seen]
        self._of_views += [Histogram(1.0, 0.1) for _ in NAMES[OF_VALUES:]]
        self._seen = 0
        for (time_s, value), places in zip(first, zip(*seen, strict=True), strict=True):
            hour, place = time_s // HOUR_S % 24, self._values.place(value)
            self._season.learn(hour, place, WHOLE)
            self._values.learn(place, WHOLE)
            for each, number in zip(self._of_views, places, strict=False):
                each.learn(each.place(number), WHOLE)
        for each in (self._values, *self._of_views[:OF_VALUES]):
            each.settle()
        surprises = [self._surprise(*each)[2:] for each in first]
        at_hour, anywhere = (sum(each) / len(first) for each in zip(*surprises, strict=True))
        warm.expect(at_hour, anywhere)
        self._views = warm

    def look(self, time_s: int, value: float, through: Views | None = None) -> Look:
        """Take a datapoint into the short memory (or another one), and see it in every view."""
        short = through or self._views
        hour, place, at_hour, anywhere = self._surprise(time_s, value)
        numbers = short.of_value(value) + short.of_surprise(at_hour, anywhere)
        return Look(
            hour,
            place,
            tuple([each.place(n) for each, n in zip(self._of_views, numbers, strict=True)]),
        )

    def _surprise(self, time_s: int, value: float) -> tuple[int, float, float, float]:
        """Tell a value's hour, its place, and its surprise at this hour and at any."""
        hour, place = time_s // HOUR_S % 24, self._values.place(value)
        anywhere = self._values.surprise(place)
        return hour, place, self._season.surprise(hour, place, anywhere), anywhere

    def surprises(self, look: Look) -> list[float]:
        """Tell -log10 of the probability of what each view shows, 0 where it cannot be told yet."""
        if self._seen < FIRST:
            known = zip(self._of_views[:OF_VALUES], look.places, strict=False)
            return [each.surprise(place) for each, place in known] + _NOTHING_STRANGE
        return [
            each.surprise(place) for each, place in zip(self._of_views, look.places, strict=True)
        ]

    def learn(self, look: Look, units: int) -> None:
        """Take what was seen into the long memory; WHOLE units are a datapoint's full weight."""
        self._values.learn(look.place, units)
        self._season.learn(look.hour, look.place, units)
        for each, place in zip(self._of_views, look.places, strict=True):
            each.learn(place, units)
        if self._seen < FIRST:
            self._seen += 1
            if self._seen == FIRST:
                for each in self._of_views[OF_VALUES:]:
                    each.refit(at_once=True)

    def forget(self) -> None:
        """Reset the short memory after a gap in time."""
        self._views.forget([each.median for each in self._of_views])

    def refit(self) -> None:
        """Move histograms whose bins no longer fit; to be called once a day."""
        for each in self._of_views:
            each.refit()
        before = Histogram(self._values.median, self._values.scale)
        if self._values.refit():
            self._season.refit(before, self._values)

    def usual(self, time_s: int) -> tuple[float, float]:
        """Tell the range that holds 98 of 100 values at this hour of the day."""
        return self._season.usual(time_s // HOUR_S % 24, self._values)

    def short_memory(self) -> Views:
        """Copy the short memory, to look at datapoints once more."""
        return self._views.copy()

    def dump(self) -> bytes:
        """Pack into PACKED_SIZE bytes."""
        parts = [each.dump() for each in (self._values, *self._of_views)]
        return b"".join(
            [self._seen.to_bytes(2, "little"), *parts, self._season.dump(), self._views.dump()]
        )

    @classmethod
    def load(cls, packed: bytes) -> "Habits":
        """Unpack what `dump` gave; ValueError where it cannot have."""
        self = cls.__new__(cls)
        self._seen = int.from_bytes(packed[:2], "little")
        at, each = 2, histogram.PACKED_SIZE
        ends = range(at + each, at + each * _HISTOGRAMS + 1, each)
        self._values, *self._of_views = [Histogram.load(packed[end - each : end]) for end in ends]
        at += each * _HISTOGRAMS
        self._season = Season.load(packed[at : at + season.PACKED_SIZE])
        self._views = Views.load(packed[at + season.PACKED_SIZE :])
        return self


def fuse(surprises: Sequence[float]) -> float:
    """Tell one surprise from those of the views: -log10 of the probabilities' harmonic mean."""
    parts = [weight * 10.0**each for weight, each in zip(WEIGHTS, surprises, strict=True)]
    return log10(sum(parts) / _WHOLE_WEIGHT)
