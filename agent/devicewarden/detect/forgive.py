"""A person said that an alarm was false: what raised it is normal here."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from devicewarden.detect.learned import Learned, SeriesKey
from devicewarden.detect.number_judge import Forgiven, NumberJudge
from devicewarden.detect.roster import Roster
from devicewarden.detect.statistical import Past
from devicewarden.model.behavior import MachineLearning, StatisticalThreshold
from devicewarden.model.metric import Number
from devicewarden.model.violation import Datapoint, ViolationEvent


def forgive(
    alarm: ViolationEvent, history: Iterable[Datapoint], roster: Roster, learned: Learned
) -> bool:
    """Answer FALSE_POSITIVE; False where the behavior is not in force, or does not learn."""
    judge = roster.find(alarm.profile, alarm.behavior.name)
    if not isinstance(judge, NumberJudge) or not isinstance(alarm.value, Number):
        return False
    match judge.criteria:
        case StatisticalThreshold():
            judge.forgiven = Forgiven(alarm.value.value, Past(judge.key.length_s).most)
            return True
        case MachineLearning():
            return _relearn(judge.key, alarm, history, learned)
        case _:
            return False


def _relearn(
    key: SeriesKey, alarm: ViolationEvent, history: Iterable[Datapoint], learned: Learned
) -> bool:
    series, view = learned.series(key), alarm.context.get("view")
    if series is None or not isinstance(view, str):
        return False
    try:
        first_at = datetime.fromisoformat(str(alarm.context.get("first_seen")))
        series.forgive(_numbers(history), int(first_at.timestamp()), view)
    except ValueError:
        return False  # the event is of a version that had other views, or damaged
    return True


def _numbers(history: Iterable[Datapoint]) -> Iterator[tuple[int, float]]:
    for datapoint in history:
        if isinstance(datapoint.value, Number):
            yield int(datapoint.at.timestamp()), datapoint.value.value
