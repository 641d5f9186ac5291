"""Where an evaluator stands, written as a small JSON document: it survives restarts."""

import json
from typing import Any, Final
from zlib import crc32

from devicewarden.detect.alarm import QUIET, Active
from devicewarden.detect.book import Book
from devicewarden.detect.elements import value_of
from devicewarden.detect.list_judge import ListJudge
from devicewarden.detect.roster import Judge, Roster
from devicewarden.detect.shape import metric_value
from devicewarden.detect.window import Grid, Windows
from devicewarden.model.metric import Number

VERSION: Final = 1


def write(book: Book, grid: Grid, roster: Roster) -> dict[str, Any]:
    """Write where everything stands; behaviors at rest need no word."""
    elapsed = book.elapsed
    return {
        "version": VERSION,
        "clock": {
            "at_s": elapsed.at_s,
            "uptime_s": elapsed.uptime_s,
            "boot_id": elapsed.boot_id,
            "total_s": elapsed.total_s,
        },
        "heard_s": dict(book.heard_s),
        "series": [
            {
                "metric": key.metric,
                "length_s": key.length_s,
                "judged_s": book.judged_s[key],
                "recent": [
                    [datapoint.at.timestamp(), datapoint.value.value]
                    for datapoint in recent
                    if isinstance(datapoint.value, Number)
                ],
            }
            for key, recent in book.recent.items()
        ],
        "windows": [_windows(windows) for windows in grid.all()],
        "behaviors": [_behavior(judge) for judge in roster.judges if _is_remarkable(judge)],
        "trials": [
            [*name_of(judge), judge.trial.datapoints, judge.trial.failed]
            for judge in roster.judges
            if judge.trial.datapoints
        ],
    }


def name_of(judge: Judge) -> tuple[str, str, int]:
    """Name a behavior in few bytes, so that one that says something else has another name."""
    behavior = judge.life.behavior
    said = json.dumps(behavior.document, sort_keys=True)
    return judge.life.profile, behavior.name, crc32(said.encode())


def _windows(windows: Windows) -> dict[str, Any]:
    return {
        "length_s": windows.length_s,
        "end_s": None if windows.index is None else windows.end_s(),
        "numbers": {
            metric: [open_.value, open_.covered_s] for metric, open_ in windows.numbers.items()
        },
        "lists": {
            metric: [metric_value(metric, value_of(open_.kind, open_.elements)), open_.observed]
            for metric, open_ in windows.lists.items()
        },
    }


def _is_remarkable(judge: Judge) -> bool:
    kept = judge.remembered() if isinstance(judge, ListJudge) else judge.forgiven
    return kept is not None or judge.life.alarm is not QUIET


def _behavior(judge: Judge) -> dict[str, Any]:
    alarm, metric = judge.life.alarm, judge.key.metric
    kept = judge.remembered() if isinstance(judge, ListJudge) else None
    forgiven = None if isinstance(judge, ListJudge) else judge.forgiven
    return {
        "profile": judge.life.profile,
        "document": dict(judge.life.behavior.document),
        "run": alarm.run,
        "first_at": None if alarm.first_at is None else alarm.first_at.isoformat(),
        "active": None if alarm.active is None else _active(metric, alarm.active),
        "forgiven": None if forgiven is None else list(forgiven),
        "in_window": None if kept is None else metric_value(metric, kept),
    }


def _active(metric: str, active: Active) -> dict[str, Any]:
    return {
        "violation_id": active.violation_id,
        "started_at": active.started_at.isoformat(),
        "last_at": active.last_at.isoformat(),
        "last_value": metric_value(metric, active.last_value),
    }
