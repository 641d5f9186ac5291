"""Where behaviors stand that are not fine: no data, not enough learnt, or alarmed by all data."""

from typing import Final, NamedTuple

from devicewarden.detect.book import Book
from devicewarden.detect.learned import BaselineKey, Learned
from devicewarden.detect.list_judge import ListJudge
from devicewarden.detect.roster import Judge, Roster
from devicewarden.detect.trial import Doubt, advice
from devicewarden.model.behavior import StatisticalThreshold

_PATIENCE_S: Final = 3600
"""A metric that was observed within this time, or two windows, is not missing."""


class NoData(NamedTuple):
    """A behavior that is not judged, because its metric is not measured."""

    profile: str
    behavior: str
    metric: str
    reason: str


class Training(NamedTuple):
    """A behavior that judges once enough is learnt; `progress` is 0 to 1."""

    profile: str
    behavior: str
    baseline: BaselineKey
    progress: float


def no_data(roster: Roster, book: Book, learned: Learned) -> list[NoData]:
    """Tell the behaviors that nothing can be said about, and why."""
    found = [
        NoData(profile, behavior.name, behavior.metric, "topics are not told apart here")
        for profile, behavior in roster.scoped
    ]
    for judge in roster.judges:
        reason = _reason(judge, book) or _unavailable(judge, learned)
        if reason:
            life = judge.life
            found.append(NoData(life.profile, life.behavior.name, judge.key.metric, reason))
    return found


def training(roster: Roster, learned: Learned) -> list[Training]:
    """Tell how far the behaviors are that have to learn first."""
    return [
        Training(judge.life.profile, judge.life.behavior.name, key, learned.progress(key))
        for judge, key in roster.learners()
    ]


def doubts(roster: Roster) -> list[Doubt]:
    """Tell the behaviors that failed nearly all of their datapoints since they are in force."""
    return [
        Doubt(
            judge.life.profile,
            judge.life.behavior.name,
            judge.key.metric,
            judge.trial.datapoints,
            judge.trial.failed,
            advice(judge.life.behavior),
        )
        for judge in roster.judges
        if judge.trial.doubtful
    ]


def _reason(judge: Judge, book: Book) -> str:
    if isinstance(judge, ListJudge):
        if not judge.fits:
            return "the metric is of another kind than the behavior"
        last_s = book.heard_s.get(judge.key.metric)
    else:
        last_s = book.judged_s.get(judge.key)
    if last_s is None:
        return "no datapoint yet"
    silent_s = book.elapsed.total_s - last_s
    if silent_s <= max(_PATIENCE_S, 2 * judge.key.length_s):
        return ""
    return f"no datapoint for {silent_s:.0f} s"


def _unavailable(judge: Judge, learned: Learned) -> str:
    if isinstance(judge, ListJudge) or not isinstance(judge.criteria, StatisticalThreshold):
        return ""
    past = learned.past(judge.key)
    if past is None or not past.has_negatives:
        return ""
    return "negative values have no percentile"
