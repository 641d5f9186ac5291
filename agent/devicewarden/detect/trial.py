"""A behavior's first hour of data: one that fails it whole may say the contrary of what is meant.

A behavior states what is normal. Whoever writes the alarm condition instead (`greater-than 1000` to
be told of floods) is alarmed by everything that is normal, from the first datapoint on.
"""

from typing import Final, NamedTuple, assert_never

from devicewarden.model.behavior import (
    OPPOSITE,
    Behavior,
    CidrSet,
    MachineLearning,
    PortSet,
    StatisticalThreshold,
    Threshold,
    ValueSet,
)

_HOUR_S: Final = 3600
_FEWEST: Final = 3
"""Datapoints that say something, however long their windows are."""
_NEARLY_ALL: Final = 0.9


class Doubt(NamedTuple):
    """A behavior that failed nearly all of its datapoints since it is in force.

    Attributes:
        datapoints: that it judged.
        failed: how many of them violated.
        hint: what the operator can do.
    """

    profile: str
    behavior: str
    metric: str
    datapoints: int
    failed: int
    hint: str


class Trial:
    """Counts the datapoints of one behavior, until it is clear that it holds now and then.

    Attributes:
        datapoints: that were judged.
        failed: how many of them violated.
    """

    __slots__ = ("_wanted", "datapoints", "failed")

    def __init__(self, length_s: int) -> None:
        """Begin with nothing seen; datapoints are of windows of so many seconds."""
        self._wanted = max(_FEWEST, -(-_HOUR_S // length_s))
        self.datapoints = 0
        self.failed = 0

    @property
    def doubtful(self) -> bool:
        """Whether nearly all of an hour's datapoints, and of all since, violated."""
        return self._long_enough and not self._over

    def note(self, *, violates: bool) -> None:
        """Count a datapoint; once the behavior has proved itself, nothing is counted any more."""
        if not (self._long_enough and self._over):
            self.datapoints += 1
            self.failed += violates

    @property
    def _long_enough(self) -> bool:
        return self.datapoints >= self._wanted

    @property
    def _over(self) -> bool:
        return self.failed < _NEARLY_ALL * self.datapoints


def advice(behavior: Behavior) -> str:
    """Say when a behavior alarms, and what to write if the device is as it should be."""
    criteria, metric = behavior.criteria, behavior.metric
    match criteria:
        case Threshold(comparison, limit):
            alarms = f"whenever {metric} is not {comparison} {limit:.15g}"
            remedy = f"write {OPPOSITE[comparison]}, or another limit"
        case PortSet(_, inside) | CidrSet(_, inside) | ValueSet(_, inside):
            kind = behavior.document["criteria"]["comparisonOperator"].removeprefix("not-")
            alarms = f"at what is {'not ' if inside else ''}on its list"
            change = "complete the list" if inside else "shorten the list"
            remedy = f"{change}, or write {'not-' if inside else ''}{kind}"
        case StatisticalThreshold() | MachineLearning():
            alarms = "at what is unlike the past that it learnt"
            remedy = "let it learn anew with devicewarden baseline reset"
        case _:
            assert_never(criteria)
    return (
        f"a behavior says what is normal, so this one alarms {alarms}; "
        f"if the device is as it should be, {remedy}"
    )
