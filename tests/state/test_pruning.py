"""What is old is deleted; a clock that is wrong, however it came to be, costs two days at most."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.state.scene import SINKS, START, Clock, drained, opened, steady, step

from devicewarden.model.metric import Number
from devicewarden.model.outcome import Accepted
from devicewarden.model.violation import Datapoint
from devicewarden.state.state import State
from devicewarden.state.violation_records import Filter

DAY = timedelta(days=1)
DAYS = 10
WRONG = datetime(2040, 1, 1, tzinfo=START.tzinfo)


def lived(folder: Path, clock: Clock, **settings: int) -> State:
    """Make a history: each day a datapoint, a report and a violation that ended."""
    state = opened(folder, clock, **settings)
    for day in range(DAYS):
        clock.now = START + day * DAY
        name = f"v{day}"
        state.datapoints.append([Datapoint("m", clock.now, Number(day))])
        state.reports.record(state.reports.next_report_id(), clock.now, Accepted(), 100)
        state.violations.record(
            [step(name, at=clock.now), step(name, "alarm-cleared", clock.now)], SINKS
        )
    state.reports.flush()
    return state


def kept(folder: Path) -> dict[str, int]:
    """Count what is in the file."""
    tables = ("datapoints", "reports", "violations", "outbox")
    with closing(sqlite3.connect(folder / "state.db")) as db:
        return {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}  # noqa: S608  names of ours


def test_history_older_than_keep_days_is_deleted_but_counted(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock, keep_days=3)
    for hour in range(24 * DAYS):
        state.datapoints.append([Datapoint("m", clock.now, Number(hour))])
        state.reports.record(state.reports.next_report_id(), clock.now, Accepted(), 100)
        clock.turn(hours=1)
        state.tick()
    state.close()

    left = kept(tmp_path)
    assert 3 * 24 <= left["reports"] <= 4 * 24 + 2
    assert 3 * 24 <= left["datapoints"] <= 4 * 24 + 2
    assert opened(tmp_path, clock).reports.counts().accepted == 24 * DAYS


def test_a_clock_far_ahead_costs_two_days_of_history_a_day(tmp_path: Path) -> None:
    clock = Clock()
    state = lived(tmp_path, clock)
    before = kept(tmp_path)
    clock.now = WRONG

    steady(state, clock)

    after = kept(tmp_path)
    assert {table: before[table] - after[table] for table in after} == {
        "datapoints": 2,
        "reports": 2,
        "violations": 2,
        "outbox": 4 * len(SINKS),
    }


def test_a_clock_that_is_corrected_within_the_hour_costs_nothing(tmp_path: Path) -> None:
    clock = Clock()
    state = lived(tmp_path, clock)
    before, now = kept(tmp_path), clock.now

    for wrong in (WRONG, datetime(1970, 1, 2, tzinfo=START.tzinfo), WRONG):
        clock.now = wrong
        state.tick()
        clock.turn(minutes=59)
        state.tick()
        clock.now = now
        state.tick()
    clock.turn(minutes=59)
    state.tick()

    assert kept(tmp_path) == before


@pytest.mark.parametrize("wrong", [WRONG, datetime(1970, 1, 2, tzinfo=START.tzinfo)])
def test_starts_with_a_wrong_clock_cost_nothing(tmp_path: Path, wrong: datetime) -> None:
    clock = Clock()
    lived(tmp_path, clock).close()
    before = kept(tmp_path)
    clock.now = wrong

    for _ in range(DAYS):
        state = opened(tmp_path, clock)
        state.tick()
        clock.turn(minutes=30)
        state.tick()
        state.close()

    assert kept(tmp_path) == before


def test_a_clock_that_stays_behind_costs_two_days_of_history_a_day(tmp_path: Path) -> None:
    clock = Clock()
    state = lived(tmp_path, clock)
    clock.now = datetime(1970, 1, 2, tzinfo=START.tzinfo)

    steady(state, clock, hours=26)

    left = [point.value for point in state.datapoints.since(START)]
    assert left == [Number(day) for day in range(DAYS - 2)]


def test_what_waits_for_a_sink_outlives_a_clock_that_jumped(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    state.violations.record([step("a")], SINKS)
    clock.now = WRONG

    state.violations.record([step("b")], SINKS)

    assert drained(state, "mqtt") == ["a-in-alarm", "b-in-alarm"]


def test_a_violation_in_alarm_is_never_too_old(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    state.violations.record([step("lasts")], ())
    clock.turn(days=400)

    steady(state, clock, hours=72)

    assert [violation.violation_id for violation in state.violations.find(Filter())] == ["lasts"]
