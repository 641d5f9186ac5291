"""Reads back what `snapshot` wrote; a document that is damaged is refused whole."""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from devicewarden.detect import fields
from devicewarden.detect.alarm import QUIET, Active, Alarm
from devicewarden.detect.book import RECENT, Book
from devicewarden.detect.elapsed import Elapsed
from devicewarden.detect.elements import ListValue, elements_of
from devicewarden.detect.learned import SeriesKey
from devicewarden.detect.list_judge import ListJudge
from devicewarden.detect.number_judge import Forgiven
from devicewarden.detect.roster import Roster
from devicewarden.detect.shape import parse_metric_value
from devicewarden.detect.snapshot import VERSION, name_of
from devicewarden.detect.window import Grid, OpenList, OpenNumber, Windows
from devicewarden.model.errors import BaselineError
from devicewarden.model.metric import Number
from devicewarden.model.violation import Datapoint

_MOST: Final = 100_000
"""Members of an array or object; a real one never has as many."""


class Kept(NamedTuple):
    """Where one behavior stood."""

    profile: str
    document: Mapping[str, Any]
    alarm: Alarm
    forgiven: Forgiven | None
    in_window: ListValue | None


def read(document: object, book: Book, grid: Grid, roster: Roster) -> list[Kept]:
    """Go on from a snapshot; what of it nobody needs any more is left out.

    Returns:
        The violations that nobody can go on with.

    Raises:
        BaselineError: damaged, or of another version; nothing was changed.
    """
    if fields.member(document, "version") != VERSION:
        raise BaselineError("a snapshot of another version")
    elapsed = _elapsed(fields.member(document, "clock"))
    heard = fields.table(fields.member(document, "heard_s"))
    heard_s = {metric: fields.seconds(value) for metric, value in heard.items()}
    series = [_series(each) for each in _array(document, "series")]
    windows = [_windows(each) for each in _array(document, "windows")]
    behaviors = [_behavior(each) for each in _array(document, "behaviors")]
    trials = dict(_trial(each) for each in _array(document, "trials"))

    book.elapsed = elapsed
    book.heard_s = {metric: s for metric, s in heard_s.items() if metric in book.judged_metrics}
    for key, judged_s, recent in series:
        if key in roster.numbers:
            book.judged_s[key], book.recent[key] = judged_s, recent
    grid.adopt(windows)
    for judge in roster.judges:
        judge.trial.datapoints, judge.trial.failed = trials.get(name_of(judge), (0, 0))
    return [kept for kept in behaviors if not _placed(kept, roster)]


def _placed(kept: Kept, roster: Roster) -> bool:
    """Give a behavior its state back; False if it is not in force any more."""
    judge = roster.find(kept.profile, str(kept.document.get("name")))
    if judge is None or judge.life.behavior.document != kept.document:
        return False
    judge.life.alarm = kept.alarm
    if isinstance(judge, ListJudge):
        judge.resume(kept.in_window)
    else:
        judge.forgiven = kept.forgiven
    return True


def _array(document: object, name: str) -> list[Any]:
    return fields.items(fields.member(document, name), _MOST)


def _elapsed(document: object) -> Elapsed:
    at_s = fields.member(document, "at_s")
    elapsed = Elapsed()
    elapsed.at_s = None if at_s is None else fields.seconds(at_s)
    elapsed.uptime_s = fields.seconds(fields.member(document, "uptime_s"))
    elapsed.boot_id = fields.text(fields.member(document, "boot_id"))
    elapsed.total_s = fields.seconds(fields.member(document, "total_s"))
    return elapsed


def _series(document: object) -> tuple[SeriesKey, float, deque[Datapoint]]:
    metric = fields.text(fields.member(document, "metric"))
    key = SeriesKey(metric, fields.count(fields.member(document, "length_s")))
    recent: deque[Datapoint] = deque(maxlen=RECENT)
    for each in _array(document, "recent"):
        at_s, value = fields.pair(each)
        recent.append(Datapoint(metric, fields.instant(at_s), Number(fields.number(value))))
    return key, fields.seconds(fields.member(document, "judged_s")), recent


def _windows(document: object) -> Windows:
    windows = Windows(max(1, fields.count(fields.member(document, "length_s"))))
    end_s = fields.member(document, "end_s")
    if end_s is not None:
        windows.index = int(fields.seconds(end_s)) // windows.length_s - 1
    for metric, each in fields.table(fields.member(document, "numbers")).items():
        value, covered_s = fields.pair(each)
        windows.numbers[metric] = OpenNumber(
            fields.number(value), fields.seconds(covered_s), observed=True
        )
    for metric, each in fields.table(fields.member(document, "lists")).items():
        listed, observed = fields.pair(each)
        value = _list(metric, listed)
        windows.lists[metric] = OpenList(type(value), set(elements_of(value)), bool(observed))
    return windows


def _behavior(document: object) -> Kept:
    behavior = fields.table(fields.member(document, "document"))
    metric = fields.text(fields.member(behavior, "metric"))
    first_at = fields.member(document, "first_at")
    alarm = Alarm(
        run=fields.count(fields.member(document, "run")),
        first_at=None if first_at is None else fields.moment(first_at),
        active=_active(metric, fields.member(document, "active")),
    )
    forgiven = fields.member(document, "forgiven")
    in_window = fields.member(document, "in_window")
    return Kept(
        profile=fields.text(fields.member(document, "profile")),
        document=behavior,
        alarm=QUIET if alarm == QUIET else alarm,
        forgiven=None if forgiven is None else _forgiven(forgiven),
        in_window=None if in_window is None else _list(metric, in_window),
    )


def _trial(document: object) -> tuple[tuple[str, str, int], tuple[int, int]]:
    match document:
        case [profile, behavior, said, datapoints, failed]:
            name = fields.text(profile), fields.text(behavior), fields.count(said)
            return name, (fields.count(datapoints), fields.count(failed))
        case _:
            raise BaselineError("no trial")


def _forgiven(document: object) -> Forgiven:
    value, left = fields.pair(document)
    return Forgiven(fields.number(value), fields.count(left))


def _list(metric: str, document: object) -> ListValue:
    value = parse_metric_value(metric, document)
    if isinstance(value, Number):
        raise BaselineError("no list")
    return value


def _active(metric: str, document: object) -> Active | None:
    if document is None:
        return None
    return Active(
        violation_id=fields.text(fields.member(document, "violation_id")),
        started_at=fields.moment(fields.member(document, "started_at")),
        last_at=fields.moment(fields.member(document, "last_at")),
        last_value=parse_metric_value(metric, fields.member(document, "last_value")),
    )
