"""Percentiles of a device's own past: its last 14 days of datapoints at one window length.

AWS compares with the fleet; a device that judges itself has its own past alone. What counts is the
last 14 days' worth of datapoints, so a device that is often off has an older past, not a smaller.
"""

import math
from array import array
from bisect import bisect_left, insort
from typing import Final

from devicewarden.detect.static import COMPARE
from devicewarden.model.behavior import Comparison
from devicewarden.model.errors import BaselineError

DAY_S: Final = 86_400
PAST_S: Final = 14 * DAY_S
MOST: Final = 4_032
"""Datapoints kept: 14 days of five minutes in 8 KiB. Of shorter windows each nth is kept."""
LEAST: Final = 100
"""Nothing is judged before so many datapoints, nor before a whole day of them."""

# A value is kept in 16 bits: 10 of mantissa, so to 1/2048, and 6 of exponent, up to 1e14.
_STEPS: Final = 1 << 10
_EXPONENT: Final = 16
_SMALLEST: Final = math.ldexp(0.5, 1 - _EXPONENT)
_LARGEST: Final = math.ldexp(0.5, (1 << 6) - _EXPONENT)
_HIGHEST: Final = 0xFFFE
_NEGATIVE: Final = 0xFFFF
_MAGIC: Final = b"DWP1"
_HEAD: Final = 12


def code_of(value: float) -> int:
    """Shrink a value to 16 bits, in the same order; whole numbers up to 2048 stay distinct."""
    if value < 0:
        return _NEGATIVE
    if not _SMALLEST <= value < _LARGEST:
        return 0 if value < _LARGEST else _HIGHEST
    mantissa, exponent = math.frexp(value)
    code = ((exponent + _EXPONENT) << 10) + round((mantissa - 0.5) * 2 * _STEPS)
    return min(code, _HIGHEST)


def value_of(code: int) -> float:
    """Undo `code_of`, to within 1/2048."""
    if code < 1 << 10:
        return 0.0
    return math.ldexp((code & (_STEPS - 1)) / (2 * _STEPS) + 0.5, (code >> 10) - _EXPONENT)


class Past:
    """The datapoints of one metric at one window length, oldest first, and in order of size."""

    __slots__ = ("_ranked", "_ring", "_skipped", "_stride", "length_s", "most")

    def __init__(self, length_s: int) -> None:
        """Begin with nothing known; `length_s` is the length of the windows."""
        self.length_s = length_s
        self._stride = math.ceil(PAST_S / (length_s * MOST))
        self.most = min(MOST, max(LEAST, PAST_S // (length_s * self._stride)))
        self._skipped = 0
        self._ring = array("H")
        self._ranked = array("H")

    @property
    def count(self) -> int:
        """How many datapoints are known."""
        return len(self._ring)

    @property
    def progress(self) -> float:
        """How much is known of what must be before anything is judged, 0 to 1."""
        needed = min(self.most, max(LEAST, DAY_S // (self.length_s * self._stride)))
        return min(1.0, len(self._ring) / needed)

    @property
    def has_negatives(self) -> bool:
        """Whether a negative value is in the past, which makes percentiles unavailable."""
        return bool(self._ranked) and self._ranked[-1] == _NEGATIVE

    def add(self, value: float) -> None:
        """Take a datapoint; the oldest one goes."""
        self._skipped += 1
        if self._skipped < self._stride:
            return
        self._skipped = 0
        if len(self._ring) == self.most:
            oldest = self._ring.pop(0)
            del self._ranked[bisect_left(self._ranked, oldest)]
        code = code_of(value)
        self._ring.append(code)
        insort(self._ranked, code)

    def percentile(self, percentile: float) -> float | None:
        """Give the smallest value that so many percent of the past do not exceed.

        Returns:
            To within 1/2048; None while too little is known, and where a value is negative.
        """
        code = self._percentile(percentile)
        return None if code is None else value_of(code)

    def holds(self, comparison: Comparison, value: float, percentile: float) -> bool | None:
        """Compare a value with a percentile; values that differ by less than 1/2048 are equal."""
        limit = self._percentile(percentile)
        if limit is None or value < 0:
            return None
        return COMPARE[comparison](code_of(value), limit)

    def _percentile(self, percentile: float) -> int | None:
        if self.progress < 1.0 or self.has_negatives:
            return None
        count = len(self._ranked)
        return self._ranked[min(max(math.ceil(percentile * count / 100), 1), count) - 1]

    def dump(self) -> bytes:
        """Pack everything known: two bytes a datapoint."""
        head = _MAGIC + self.length_s.to_bytes(4, "little") + self._skipped.to_bytes(4, "little")
        return head + b"".join(code.to_bytes(2, "little") for code in self._ring)

    @classmethod
    def load(cls, packed: bytes) -> "Past":
        """Unpack what `dump` gave.

        Raises:
            BaselineError: it cannot have, or another version has.
        """
        length_s = int.from_bytes(packed[4:8], "little")
        skipped = int.from_bytes(packed[8:_HEAD], "little")
        if packed[:4] != _MAGIC or not 0 < length_s <= PAST_S:
            raise BaselineError("this is no past of datapoints, or one of another version")
        self = cls(length_s)
        codes = packed[_HEAD:]
        if len(codes) % 2 or len(codes) > 2 * self.most or skipped >= self._stride:
            raise BaselineError("the past of datapoints is damaged")
        pairs = zip(codes[::2], codes[1::2], strict=True)
        self._ring = array("H", [low | high << 8 for low, high in pairs])
        self._ranked = array("H", sorted(self._ring))
        self._skipped = skipped
        return self
