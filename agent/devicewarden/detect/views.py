"""The short memory of a series: what a datapoint looks like after moving averages of many spans.

A view is one number a datapoint. Each shows a kind of change that the others hide: a spike, a
shift, a burst of noise, a stretch of values that are usual, but not at this hour.
"""

from collections.abc import Sequence
from math import isfinite
from struct import Struct
from typing import Final

# What each view shows, in words for people; the order of `Views.after`.
NAMES: Final = (
    "level",
    "sudden change",
    "spread",
    "variability",
    "unusual at this hour",
    "unusual at this hour for hours",
    "unusual at this hour for a day",
    "unusual for hours",
)
# What each counts for. One burst sways a view of values for hours, and surprises less.
WEIGHTS: Final = (0.4, 0.4, 0.6, 0.6, 1.0, 1.0, 1.0, 1.0)
# The first so many look at values; the others at how surprising the values are.
OF_VALUES: Final = 4

# No value is larger: sums of two stay finite.
LARGEST: Final = 1e100

_PACKED: Final = Struct("<11d")
PACKED_SIZE: Final = _PACKED.size


class Views:
    """Exponentially weighted moving averages of values (e), deviations (d) and surprises (s)."""

    __slots__ = ("_d12", "_d24", "_e4", "_e6", "_e24", "_e72", "_last", "_s6", "_s24", "_s24_any",
                 "_s96")  # fmt: skip

    def __init__(self, value: float) -> None:
        self._e4 = self._e6 = self._e24 = self._e72 = self._last = value
        self._d12 = self._d24 = 0.0
        self._s6 = self._s24 = self._s96 = self._s24_any = 0.0

    def expect(self, at_hour: float, anywhere: float) -> None:
        """Begin with these surprises, as a series' usual ones."""
        self._s6 = self._s24 = self._s96 = at_hour
        self._s24_any = anywhere

    def of_value(self, value: float) -> tuple[float, float, float, float]:
        """Take a value in; give the views that look at values."""
        self._e4 += (value - self._e4) / 4
        self._e6 += (value - self._e6) / 6
        self._e24 += (value - self._e24) / 24
        self._e72 += (value - self._e72) / 72
        self._d24 += (abs(value - self._e24) - self._d24) / 24
        self._d12 += (abs(value - self._last) - self._d12) / 12
        self._last = value
        return self._e4, self._e6 - self._e72, self._d24, self._d12

    def of_surprise(self, at_hour: float, anywhere: float) -> tuple[float, float, float, float]:
        """Take a value's surprises in; give the views that look at surprises."""
        self._s6 += (at_hour - self._s6) / 6
        self._s24 += (at_hour - self._s24) / 24
        self._s96 += (at_hour - self._s96) / 96
        self._s24_any += (anywhere - self._s24_any) / 24
        return self._s6, self._s24, self._s96, self._s24_any

    def forget(self, usual: Sequence[float]) -> None:
        """Reset the short averages after a gap: values to the long one, others to usual views."""
        self._e4 = self._e6 = self._e24 = self._last = self._e72
        _, _, self._d24, self._d12, self._s6, self._s24, _, self._s24_any = usual

    def copy(self) -> "Views":
        """Copy, so that something can be tried."""
        return Views.load(self.dump())

    def dump(self) -> bytes:
        """Pack into PACKED_SIZE bytes."""
        return _PACKED.pack(
            self._e4, self._e6, self._e24, self._e72, self._last, self._d12, self._d24,
            self._s6, self._s24, self._s96, self._s24_any,
        )  # fmt: skip

    @classmethod
    def load(cls, packed: bytes) -> "Views":
        """Unpack what `dump` gave; ValueError where it cannot have."""
        numbers = _PACKED.unpack(packed)
        if not all(isfinite(number) and abs(number) <= 2 * LARGEST for number in numbers):
            raise ValueError("a moving average is out of range")
        self = cls(0.0)
        self._e4, self._e6, self._e24, self._e72, self._last = numbers[:5]
        self._d12, self._d24 = numbers[5:7]
        self._s6, self._s24, self._s96, self._s24_any = numbers[7:]
        return self
