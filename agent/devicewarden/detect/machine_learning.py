"""Machine learning of one metric on one device: is this datapoint what this device does?

It learns as it judges, is silent until it has seen enough, and costs the same at every datapoint.
"""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple
from zlib import crc32

from devicewarden.detect import bar
from devicewarden.detect.bar import Bar
from devicewarden.detect.scorer import DAY_S, Scorer
from devicewarden.model.behavior import Confidence
from devicewarden.model.errors import BaselineError

READY_AFTER_S: Final = 2 * DAY_S
READY_AFTER: Final = 300
ALL_LEVELS_AFTER_S: Final = 14 * DAY_S
MOST_BYTES: Final = 12 * 1024

_FLOORS: Final = (bar.HIGH, bar.MEDIUM, bar.LOW)
_HEAD: Final = struct.Struct("<4sBI")
_MAGIC: Final = b"DWML"
_VERSION: Final = 2


class Verdict(NamedTuple):
    """What is thought of one datapoint.

    Attributes:
        score: -log10 of the probability of a datapoint so strange.
        high: it violates at confidence HIGH; then also at MEDIUM and LOW.
        medium: it violates at MEDIUM; then also at LOW.
        low: it violates at LOW.
        view: what is strange about it, in words.
    """

    score: float
    high: bool
    medium: bool
    low: bool
    view: str

    def violates(self, confidence: Confidence) -> bool:
        """Tell whether the datapoint violates at a confidence level."""
        return {"HIGH": self.high, "MEDIUM": self.medium, "LOW": self.low}[confidence]


class Series:
    """One metric of one device: give it every datapoint in order of time."""

    __slots__ = ("_bars", "_scorer")

    def __init__(self) -> None:
        self._scorer = Scorer()
        self._bars = tuple(Bar(floor) for floor in _FLOORS)

    @property
    def count(self) -> int:
        """How many datapoints were learnt."""
        return self._scorer.count

    @property
    def progress(self) -> float:
        """How much is known of what must be before anything can alarm, 0 to 1."""
        known = self._scorer
        return min(1.0, known.seen_s / READY_AFTER_S, known.count / READY_AFTER)

    @property
    def all_levels(self) -> bool:
        """Whether MEDIUM and LOW may alarm too; before, HIGH alone may."""
        return self.progress >= 1.0 and self._scorer.seen_s >= ALL_LEVELS_AFTER_S

    def update(self, time_s: int, value: float) -> Verdict | None:
        """Judge a datapoint, then learn it.

        Args:
            time_s: UTC, in seconds since the epoch.
            value: in the metric's unit; one that is not finite is no datapoint.

        Returns:
            None while it cannot be told, and where time went back: neither alarms nor clears.
        """
        score = self._scorer.update(time_s, value)
        if score is None or self.progress < 1.0:
            return None
        high, medium, low = self._bars
        violates_high = high.judge(score.evidence, score.after_s, anyway=False)
        violates_medium = medium.judge(score.evidence, score.after_s, anyway=violates_high)
        violates_low = low.judge(score.evidence, score.after_s, anyway=violates_medium)
        if not self.all_levels:
            violates_medium = violates_low = violates_high
        return Verdict(score.value, violates_high, violates_medium, violates_low, score.view)

    def usual(self, time_s: int) -> tuple[float, float] | None:
        """Tell the range that holds 98 of 100 values at this hour of the day, once it is known."""
        return self._scorer.usual(time_s)

    def thresholds(self) -> dict[Confidence, float]:
        """Tell the evidence at which each level alarms now."""
        high, medium, low = (each.height for each in self._bars)
        return {"HIGH": high, "MEDIUM": min(medium, high), "LOW": min(low, medium, high)}

    def forgive(self, datapoints: Iterable[tuple[int, float]], since_s: int, view: str) -> None:
        """Answer FALSE_POSITIVE: learn what alarmed at full weight, and trust its view less.

        Args:
            datapoints: time and value, in order, of the violation and of some hours before it.
            since_s: when the violation began.
            view: the view that the verdict named.
        """
        self._scorer.forgive(datapoints, since_s, view)

    def dump(self) -> bytes:
        """Pack everything learnt: a version, a checksum, at most MOST_BYTES."""
        body = b"".join(each.dump() for each in self._bars) + self._scorer.dump()
        return _HEAD.pack(_MAGIC, _VERSION, crc32(body)) + body

    @classmethod
    def load(cls, packed: bytes) -> "Series":
        """Unpack what `dump` gave; it goes on exactly as the dumped one would.

        Raises:
            BaselineError: too large, another version, or damaged.
        """
        if not _HEAD.size <= len(packed) <= MOST_BYTES:
            raise BaselineError(f"a baseline of {len(packed)} bytes: too short, or too long")
        magic, version, checksum = _HEAD.unpack_from(packed)
        if (magic, version) != (_MAGIC, _VERSION):
            raise BaselineError("this is no baseline, or one of another version")
        body = packed[_HEAD.size :]
        if crc32(body) != checksum:
            raise BaselineError("the baseline is damaged: its checksum does not match")
        try:
            return cls._unpacked(body)
        except (ValueError, struct.error) as error:
            raise BaselineError(f"the baseline is damaged: {error}") from error

    @classmethod
    def _unpacked(cls, body: bytes) -> "Series":
        self, size = cls(), bar.PACKED_SIZE
        self._bars = tuple(
            Bar.load(floor, body[at * size : (at + 1) * size]) for at, floor in enumerate(_FLOORS)
        )
        self._scorer = Scorer.load(body[len(_FLOORS) * size :])
        return self
