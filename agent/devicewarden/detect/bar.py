"""How strong the evidence must be to alarm, calibrated on the device's own history.

A bar never lies below its floor. Every alarm raises it threefold (by 0.5 in -log10 p), and the rise
fades over a month: a series that alarms more often than its level allows is judged by its own past.
"""

from math import isfinite
from struct import Struct
from typing import Final

# Evidence at which simulated devices (tests/bench) gave up to 0.1, 0.3 and 1 false alarm a month.
HIGH: Final = 3.6
MEDIUM: Final = 3.2
LOW: Final = 2.9

_RISE: Final = 0.5
_MOST_RISE: Final = 4.0
_FADES_OVER_S: Final = 30 * 86_400
# An alarm that ended may come again after so many quiet datapoints.
_QUIET: Final = 100
_PACKED: Final = Struct("<dB?")
PACKED_SIZE: Final = _PACKED.size


class Bar:
    """One level's threshold, and whether the series is over it."""

    __slots__ = ("_over", "_quiet", "_risen", "floor")

    def __init__(self, floor: float) -> None:
        self.floor = floor
        self._risen, self._quiet, self._over = 0.0, _QUIET, False

    @property
    def height(self) -> float:
        """The threshold as it is now."""
        return self.floor + self._risen

    def judge(self, evidence: float, after_s: float, *, anyway: bool) -> bool:
        """Tell whether a datapoint, so long after the last, alarms; `anyway`: a higher bar says so.

        What stays strange is one alarm, however long: it begins after enough quiet datapoints.
        """
        self._risen *= max(0.0, 1.0 - after_s / _FADES_OVER_S)
        if anyway or evidence >= self.floor + self._risen:
            self._over = anyway or self._over or self._quiet >= _QUIET
            self._quiet = 0
            return self._over
        if self._over:
            self._risen = min(self._risen + _RISE, _MOST_RISE)
        self._over = False
        self._quiet = min(self._quiet + 1, _QUIET)
        return False

    def dump(self) -> bytes:
        """Pack into PACKED_SIZE bytes."""
        return _PACKED.pack(self._risen, self._quiet, self._over)

    @classmethod
    def load(cls, floor: float, packed: bytes) -> "Bar":
        """Unpack what `dump` gave; ValueError where it cannot have."""
        loaded = cls(floor)
        loaded._risen, loaded._quiet, loaded._over = _PACKED.unpack(packed)
        if not isfinite(loaded._risen) or not 0 <= loaded._risen <= _MOST_RISE:
            raise ValueError("a threshold is out of range")
        return loaded
