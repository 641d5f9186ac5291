"""What values one quantity has had: how surprising is the next?

Bins are equally wide in asinh((value - median) / scale): linear around the median, logarithmic far
from it, so that a factor means the same at a kilobyte and at a gigabyte.
"""

from array import array
from collections.abc import Sequence
from math import asinh, isfinite, log10, sinh
from struct import Struct
from typing import Final

BINS: Final = 256
MIDDLE: Final = BINS // 2
WIDTH: Final = 0.15
# A datapoint learnt at full weight counts WHOLE, so that counts stay exact small integers.
WHOLE: Final = 4
# 56 days of five minutes; more, and all counts are halved: the past fades.
CAPACITY: Final = 16_128 * WHOLE

_LOG10_E: Final = 0.4342944819032518
_UNSEEN: Final = 0.4 * WHOLE
_PRIOR: Final = 10 * WHOLE
_TAIL_SHARE: Final = 0.002
_TAIL_LEAST: Final = 8 * WHOLE
_REACH_LEAST: Final = 0.25 / WIDTH
_REACH_PRIOR: Final = 0.25 / WIDTH
# So many bins on each side of a bin tell about it.
_EDGE: Final = 2
_STALE_AFTER: Final = 32
_MOST_SURPRISING: Final = 12.0
_TOO_COARSE: Final = 16.0
_SCALE_LEAST: Final = 1e-6
_PACKED: Final = Struct(f"<{BINS}H6dHHB")
PACKED_SIZE: Final = _PACKED.size


class Histogram:
    """Counts of one quantity, and the surprise of a value: -log10 of how probable it is."""

    __slots__ = (
        "_above",
        "_below",
        "_high",
        "_low",
        "_stale",
        "_total",
        "counts",
        "median",
        "scale",
    )

    def __init__(self, median: float, scale: float) -> None:
        self.median, self.scale = median, max(scale, 0.001 * abs(median), _SCALE_LEAST)
        self.counts = array("H", bytes(2 * BINS))
        self._total = 0
        # Tails: the bins from _high on and those before _low; the surprise where each begins, and
        # how much it grows with every bin.
        self._high, self._low = MIDDLE + 1, MIDDLE
        self._above = self._below = (0.0, 1.0)
        self._stale = 0

    @classmethod
    def of(cls, values: Sequence[float]) -> "Histogram":
        """Fit bins to the first values of a quantity; they are not counted yet."""
        ranked = sorted(values)
        last = len(ranked) - 1
        quarter = ranked[3 * last // 4] - ranked[last // 4]
        spread = ranked[98 * last // 100] - ranked[2 * last // 100]
        mean = sum(ranked) / len(ranked)
        deviation = (sum((value - mean) ** 2 for value in ranked) / len(ranked)) ** 0.5
        return cls(ranked[last // 2], max(quarter / 1.35, 0.15 * spread, 0.3 * deviation))

    def place(self, value: float) -> float:
        """Tell where a value lies, in bins from the left edge; may be outside."""
        return asinh((value - self.median) / self.scale) / WIDTH + MIDDLE

    def value_at(self, place: float) -> float:
        """Undo `place`."""
        return self.median + self.scale * sinh((place - MIDDLE) * WIDTH)

    def surprise(self, place: float) -> float:
        """Tell -log10 of the probability of a value at a place, 0 to 12."""
        counts, total = self.counts, self._total + _PRIOR
        bin_ = int(place) if _EDGE <= place < BINS - _EDGE else _nearest(place, _EDGE)
        near = counts[bin_ - 1] + counts[bin_] + counts[bin_ + 1] + _UNSEEN
        wide = near + counts[bin_ - 2] + counts[bin_ + 2]
        # The geometric mean of two widths: less depends on where a bin happens to end.
        seen = log10(total * total * total / (near * wide * wide)) / 3
        if place >= self._high:
            base, slope = self._above
            seen = max(seen, base + slope * (place - self._high))
        elif place < self._low:
            base, slope = self._below
            seen = max(seen, base + slope * (self._low - place))
        return min(seen, _MOST_SURPRISING)

    def learn(self, place: float, units: int) -> None:
        """Count a value at a place; WHOLE units are one datapoint."""
        self._count(place, units)
        if self._total > CAPACITY:
            self.counts = array("H", [count >> 1 for count in self.counts])
            self._total = sum(self.counts)
            self._stale = _STALE_AFTER
        self._stale += 1
        if self._stale >= _STALE_AFTER:
            self.settle()

    def _count(self, place: float, units: int) -> None:
        self.counts[int(place) if 0 <= place < BINS else _nearest(place, 0)] += units
        self._total += units

    def settle(self) -> None:
        """Fit the tails anew; done now and then, so that a strange hour does not excuse itself."""
        self._stale = 0
        least = max(_TAIL_SHARE * self._total, _TAIL_LEAST)
        width, self._above = self._tail(self.counts[:MIDDLE:-1], least)
        self._high = BINS - width
        self._low, self._below = self._tail(self.counts[:MIDDLE], least)

    def _tail(self, counts: "array[int]", most: float) -> tuple[int, tuple[float, float]]:
        """Give the width in bins of a tail that holds at most so much, its base and its slope."""
        # Most of a tail is empty: bytes are skipped faster than counts.
        packed = counts.tobytes()
        width = empty = (len(packed) - len(packed.lstrip(b"\0"))) // counts.itemsize
        mass, distance = 0, 0
        for count in counts[empty:]:
            if mass and mass + count > most:
                break
            distance += mass
            mass += count
            width += 1
        held = mass / WHOLE
        reach = (distance / WHOLE + 0.5 * held + 0.5 * _REACH_PRIOR) / (held + 0.5)
        reach = max(reach, _REACH_LEAST)
        base = -log10((held + 0.5) * WHOLE / (self._total + _PRIOR))
        return width, (base + max(0.0, log10(reach / 5)), _LOG10_E / reach)

    def quantile(self, share: float) -> float:
        """Tell the value below which a share (0 to 1) of those counted lie."""
        wanted, below = share * self._total, 0
        for bin_, count in enumerate(self.counts):
            if count and below + count >= wanted:
                return self.value_at(bin_ + (wanted - below) / count)
            below += count
        return self.median

    def refit(self, *, at_once: bool = False) -> bool:
        """Move the bins to where the values are now, if they are far off; tell whether it was so.

        What lies within one bin is spread evenly over the new ones.
        """
        median = self.quantile(0.5)
        quarter = self.quantile(0.75) - self.quantile(0.25)
        spread = self.quantile(0.98) - self.quantile(0.02)
        moved = Histogram(median, max(quarter / 1.35, 0.15 * spread))
        fits = 1 / _TOO_COARSE < moved.scale / self.scale < _TOO_COARSE
        near = abs(median - self.median) < self.scale * _TOO_COARSE / 2
        if fits and near and not at_once:
            return False
        for bin_, count in enumerate(self.counts):
            for quarter_, units in enumerate(_quarters(count)):
                value = self.value_at(bin_ + (quarter_ + 0.5) / 4)
                moved._count(moved.place(value), units)
        self.median, self.scale, self.counts = moved.median, moved.scale, moved.counts
        self._total = moved._total
        self.settle()
        return True

    def dump(self) -> bytes:
        """Pack into PACKED_SIZE bytes."""
        return _PACKED.pack(
            *self.counts, self.median, self.scale, *self._above, *self._below,
            self._high, self._low, self._stale,
        )  # fmt: skip

    @classmethod
    def load(cls, packed: bytes) -> "Histogram":
        """Unpack what `dump` gave; ValueError where it cannot have."""
        *counts, median, scale, base, slope, base_below, slope_below, high, low, stale = (
            _PACKED.unpack(packed)
        )
        numbers = (median, scale, base, slope, base_below, slope_below)
        if not all(map(isfinite, numbers)) or scale < _SCALE_LEAST or sum(counts) > CAPACITY:
            raise ValueError("a histogram's numbers are out of range")
        loaded = cls(median, scale)
        loaded.counts, loaded._total = array("H", counts), sum(counts)
        loaded._above, loaded._below = (base, slope), (base_below, slope_below)
        loaded._high, loaded._low, loaded._stale = high, low, stale
        return loaded


def _nearest(place: float, edge: int) -> int:
    """Tell the bin nearest to a place, of those that are at least `edge` bins from the ends."""
    return min(max(int(place), edge), BINS - 1 - edge)


def _quarters(count: int) -> tuple[int, int, int, int]:
    """Split a count into four that differ by one at most."""
    return count // 4, (count + 1) // 4, (count + 2) // 4, (count + 3) // 4
