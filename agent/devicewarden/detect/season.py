"""How often each value comes at each hour of the day (UTC), beside how often it comes at all."""

from array import array
from math import log10
from struct import Struct
from typing import Final

from devicewarden.detect.histogram import BINS, CAPACITY, WHOLE, Histogram

HOURS: Final = 24
_BINS: Final = 64
_FINE: Final = BINS // _BINS
_CAPACITY: Final = CAPACITY // HOURS
# So many datapoints at an hour weigh as much as what is known of all hours.
_ELSEWHERE: Final = 20 * WHOLE
_PACKED: Final = Struct(f"<{HOURS * _BINS}H")
PACKED_SIZE: Final = _PACKED.size


class Season:
    """Counts of a series' values by hour, in bins four times as wide as its histogram's."""

    __slots__ = ("_counts", "_totals")

    def __init__(self) -> None:
        self._counts = [array("H", bytes(2 * _BINS)) for _ in range(HOURS)]
        self._totals = [0] * HOURS

    def surprise(self, hour: int, place: float, anywhere: float) -> float:
        """Tell -log10 of the probability at this hour, given that (`anywhere`) at any hour."""
        counts = self._counts[hour]
        bin_ = min(max(int(place) // _FINE, 1), _BINS - 2)
        here = counts[bin_] + 0.25 * (counts[bin_ - 1] + counts[bin_ + 1])
        known = self._totals[hour] + _ELSEWHERE
        return -log10((here + _ELSEWHERE * 10.0**-anywhere) / known)

    def learn(self, hour: int, place: float, units: int) -> None:
        """Count a value of the series' histogram at an hour."""
        self._count(hour, min(max(int(place) // _FINE, 0), _BINS - 1), units)
        if self._totals[hour] > _CAPACITY:
            self._counts[hour] = array("H", [count >> 1 for count in self._counts[hour]])
            self._totals[hour] = sum(self._counts[hour])

    def _count(self, hour: int, bin_: int, units: int) -> None:
        self._counts[hour][bin_] += units
        self._totals[hour] += units

    def usual(self, hour: int, series: Histogram) -> tuple[float, float]:
        """Tell the range that holds 98 of 100 values at this hour.

        All hours together count as one datapoint, and tell what is within the hour's wide bins.
        """
        part = WHOLE / max(sum(series.counts), 1)
        share = []
        for bin_, here in enumerate(self._counts[hour]):
            fine = series.counts[bin_ * _FINE : (bin_ + 1) * _FINE]
            scale = part + here / max(sum(fine), 1)
            share += [count * scale for count in fine]
        outside = 0.01 * sum(share)
        low, high = _inner(share, outside), BINS - _inner(share[::-1], outside)
        return series.value_at(low), series.value_at(high)

    def refit(self, before: Histogram, after: Histogram) -> None:
        """Follow the series' histogram, whose bins have moved."""
        moved = Season()
        for hour, counts in enumerate(self._counts):
            for bin_, count in enumerate(counts):
                for part in range(_FINE if count else 0):
                    value = before.value_at(bin_ * _FINE + part + 0.5)
                    target = min(max(int(after.place(value)) // _FINE, 0), _BINS - 1)
                    moved._count(hour, target, (count + part) // _FINE)
        self._counts, self._totals = moved._counts, moved._totals

    def dump(self) -> bytes:
        """Pack into PACKED_SIZE bytes."""
        return _PACKED.pack(*(count for counts in self._counts for count in counts))

    @classmethod
    def load(cls, packed: bytes) -> "Season":
        """Unpack what `dump` gave; ValueError where it cannot have."""
        flat, loaded = _PACKED.unpack(packed), cls()
        for hour in range(HOURS):
            loaded._counts[hour] = array("H", flat[hour * _BINS : (hour + 1) * _BINS])
            loaded._totals[hour] = sum(loaded._counts[hour])
        if max(loaded._totals) > _CAPACITY:
            raise ValueError("a season's counts are out of range")
        return loaded


def _inner(counts: list[float], outside: float) -> int:
    """Tell how many bins from the left hold no more than what may lie outside."""
    held = 0.0
    for bin_, count in enumerate(counts):
        held += count
        if held > outside:
            return bin_
    return 0
