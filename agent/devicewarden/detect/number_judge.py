"""Judges the datapoints of a number by one behavior."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, assert_never

from devicewarden.detect.alarm import QUIET, Judged, Lifecycle
from devicewarden.detect.learned import Known, SeriesKey
from devicewarden.detect.shape import metric_value
from devicewarden.detect.static import COMPARE
from devicewarden.detect.trial import Trial
from devicewarden.model.behavior import (
    Comparison,
    MachineLearning,
    StatisticalThreshold,
    Threshold,
)
from devicewarden.model.metric import Number
from devicewarden.model.violation import Datapoint, ViolationEvent

NumberCriteria: TypeAlias = Threshold | StatisticalThreshold | MachineLearning


class Forgiven(NamedTuple):
    """A value that a person called normal, and for how many datapoints that counts."""

    value: float
    left: int


class NumberJudge:
    """One behavior on a number.

    Attributes:
        life: of its violations.
        key: the datapoints that it judges.
        criteria: when it holds.
        forgiven: by a FALSE_POSITIVE, for a statistical threshold.
        trial: how many of its datapoints violated.
    """

    __slots__ = ("criteria", "forgiven", "key", "life", "trial")

    def __init__(self, life: Lifecycle, key: SeriesKey, criteria: NumberCriteria) -> None:
        self.life = life
        self.key = key
        self.criteria = criteria
        self.forgiven: Forgiven | None = None
        self.trial = Trial(key.length_s)

    def judge(
        self, datapoint: Datapoint, value: float, known: Known, recent: Iterable[Datapoint]
    ) -> list[ViolationEvent]:
        """Judge one datapoint; one that cannot be judged yet neither alarms nor clears.

        Args:
            datapoint: a number.
            value: its number.
            known: what the device has learnt.
            recent: the last datapoints, this one included.
        """
        violates = self._violates(value, known)
        if violates is None:
            return []
        self.trial.note(violates=violates)
        if not violates and self.life.alarm is QUIET:
            return []

        def context() -> Mapping[str, Any]:
            told = [_told(each) for each in recent]
            return {**self._reason(datapoint, known), "datapoints": told}

        return self.life.take(Judged(datapoint.at, Number(value), violates, context))

    def _violates(self, value: float, known: Known) -> bool | None:
        match self.criteria:
            case Threshold(comparison, limit):
                return not COMPARE[comparison](value, limit)
            case StatisticalThreshold(comparison, percentile):
                holds = known.past and known.past.holds(comparison, value, percentile)
                forgiven = self._forgive(value, comparison)
                return None if holds is None else not (holds or forgiven)
            case MachineLearning(confidence):
                return None if known.verdict is None else known.verdict.violates(confidence)
            case _:
                assert_never(self.criteria)

    def _reason(self, datapoint: Datapoint, known: Known) -> Mapping[str, Any]:
        match self.criteria:
            case Threshold(comparison, limit):
                return {"comparison": comparison, "limit": limit}
            case StatisticalThreshold(comparison, percentile):
                past = known.past and known.past.percentile(percentile)
                return {"comparison": comparison, "percentile": percentile, "limit": past}
            case MachineLearning():
                return _learned(datapoint, known)
            case _:
                assert_never(self.criteria)

    def _forgive(self, value: float, comparison: Comparison) -> bool:
        if self.forgiven is None:
            return False
        harmless, left = self.forgiven
        self.forgiven = Forgiven(harmless, left - 1) if left > 1 else None
        return value <= harmless if comparison.startswith("less") else value >= harmless


def _learned(datapoint: Datapoint, known: Known) -> Mapping[str, Any]:
    if known.series is None or known.verdict is None:
        return {}
    told = {"view": known.verdict.view, "score": round(known.verdict.score, 3)}
    usual = known.series.usual(int(datapoint.at.timestamp()))
    return told if usual is None else {**told, "usual": list(usual)}


def _told(datapoint: Datapoint) -> dict[str, Any]:
    value = metric_value(datapoint.metric, datapoint.value)
    return {"at": datapoint.at.isoformat(), "value": value}
