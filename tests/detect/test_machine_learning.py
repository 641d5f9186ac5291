"""Laws of the machine-learning half of Detect."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detect.series import DAY, START_S, STEP_S, constant, daily, taught

from devicewarden.detect.machine_learning import Series, Verdict
from devicewarden.detect.views import NAMES

values = st.floats(allow_nan=True, allow_infinity=True)
steps = st.integers(min_value=-7200, max_value=90_000)


def alarms(verdicts: list[Verdict | None]) -> int:
    """Count the alarms at LOW: datapoints that violate after one that does not."""
    violates = [verdict is not None and verdict.low for verdict in verdicts]
    return sum(
        now and not before for before, now in zip([False, *violates], violates, strict=False)
    )


@pytest.fixture(scope="module")
def known() -> bytes:
    """A series that knows twenty days."""
    return taught(20).dump()


@settings(max_examples=20, deadline=None)
@given(data=st.lists(st.tuples(steps, values), min_size=160, max_size=320))
def test_score_is_finite_whatever_comes(data: list[tuple[int, float]]) -> None:
    series = Series.load(constant(1.0, 2).dump())
    time_s = START_S + 2 * DAY * STEP_S

    verdicts = []
    for step_s, value in data:
        time_s = max(0, time_s + step_s)
        verdicts.append(series.update(time_s, value))

    assert all(0 <= verdict.score <= 12 for verdict in verdicts if verdict is not None)


@settings(max_examples=10, deadline=None)
@given(data=st.lists(values, min_size=400, max_size=400))
def test_any_first_datapoints_are_learnt(data: list[float]) -> None:
    series = Series()

    for step, value in enumerate(data):
        series.update(START_S + step * 3600, value)

    low, high = series.usual(START_S) or (0.0, 0.0)
    assert math.isfinite(low)
    assert low <= high


def test_one_new_port_after_weeks_is_one_alarm() -> None:
    series = constant(3.0, 20)
    after = START_S + 20 * DAY * STEP_S

    verdicts = [series.update(after + step * STEP_S, 4.0) for step in range(3 * DAY)]

    assert verdicts[0] is not None
    assert verdicts[0].high
    assert alarms(verdicts) == 1
    assert not any(verdict.low for verdict in verdicts[DAY:] if verdict is not None)


def test_a_constant_series_never_alarms() -> None:
    series = constant(0.0, 3)

    verdicts = [series.update(START_S + (3 * DAY + step) * STEP_S, 0.0) for step in range(20 * DAY)]

    assert alarms(verdicts) == 0


def test_nothing_alarms_before_two_days() -> None:
    series = Series()

    verdicts = [
        series.update(START_S + step * STEP_S, 1e6 if step % 97 == 96 else 1.0)
        for step in range(2 * DAY)
    ]

    assert verdicts == [None] * (2 * DAY)
    assert 0.99 < series.progress < 1.0


def test_few_datapoints_in_many_days_are_not_enough() -> None:
    series = Series()

    for step in range(299):
        series.update(START_S + step * 4 * 3600, float(step % 7))

    assert series.progress == pytest.approx(299 / 300)


def test_only_high_alarms_before_fourteen_days() -> None:
    series = taught(10)
    after = START_S + 10 * DAY * STEP_S

    verdicts = [series.update(after + step * STEP_S, 1e5) for step in range(50)]

    assert not series.all_levels
    assert all(v is not None and v.high == v.medium == v.low for v in verdicts)
    assert alarms(verdicts) == 1


def test_confidence_levels_are_nested(known: bytes) -> None:
    series, chance = Series.load(known), random.Random(3)
    after = START_S + 20 * DAY * STEP_S

    verdicts = [
        series.update(after + step * STEP_S, 1000 * math.exp(chance.gauss(0, 3)))
        for step in range(4 * DAY)
    ]

    assert any(verdict is not None and verdict.high for verdict in verdicts)
    assert all(v.high <= v.medium <= v.low for v in verdicts if v is not None)


def test_an_alarm_says_what_is_strange(known: bytes) -> None:
    series = Series.load(known)
    after = START_S + 20 * DAY * STEP_S

    verdict = series.update(after, 50_000.0)

    assert verdict is not None
    assert verdict.violates("HIGH")
    assert verdict.view in NAMES


def test_the_usual_range_is_that_of_the_hour(known: bytes) -> None:
    series = Series.load(known)

    busy = series.usual(START_S + 6 * 3600)
    idle = series.usual(START_S + 18 * 3600)

    assert busy is not None
    assert idle is not None
    assert 0 < idle[0] < 368 < idle[1] < busy[0] < 2718 < busy[1] < 6000


def test_a_gap_resets_the_short_memory_only(known: bytes) -> None:
    series = Series.load(known)
    noon = START_S + 12 * 3600
    usual = series.usual(noon)
    storm = START_S + 20 * DAY * STEP_S
    for step in range(4):
        series.update(storm + step * STEP_S, 50_000.0)
    without_gap = Series.load(series.dump()).update(storm + 4 * STEP_S, 1000.0)

    with_gap = series.update(storm + DAY * STEP_S, 1000.0)

    assert without_gap is not None
    assert with_gap is not None
    assert with_gap.score < without_gap.score / 2
    assert series.usual(noon) == pytest.approx(usual, rel=0.05)


def test_time_that_goes_back_is_no_datapoint(known: bytes) -> None:
    series = Series.load(known)
    before = series.dump()
    last = START_S + (20 * DAY - 1) * STEP_S

    verdicts = [series.update(last - back, 1e9) for back in (0, 1, 600, 3600)]

    assert verdicts == [None] * 4
    assert series.dump() == before


def test_a_clock_set_right_does_not_silence_the_series(known: bytes) -> None:
    series = Series.load(known)
    back = START_S - 365 * DAY * STEP_S

    first = series.update(back, 1000.0)
    second = series.update(back + STEP_S, 50_000.0)

    assert first is None
    assert second is not None
    assert second.high


def test_a_false_positive_raises_the_bar_for_its_like(known: bytes) -> None:
    lead = list(daily(random.Random(4), 20 * DAY, 24))
    odd = [(START_S + (20 * DAY + 24 + step) * STEP_S, 12_000.0) for step in range(6)]
    again = [(time_s + DAY * STEP_S, value) for time_s, value in odd]
    plain, forgiven = Series.load(known), Series.load(known)
    for each in (*lead, *odd):
        verdict = plain.update(*each)
        forgiven.update(*each)
    assert verdict is not None

    forgiven.forgive([*lead, *odd], odd[0][0], verdict.view)

    def peak(series: Series) -> float:
        return max(v.score for each in again if (v := series.update(*each)) is not None)

    assert peak(forgiven) < peak(plain) - 0.3


def test_thresholds_rise_with_each_alarm_and_sink_again(known: bytes) -> None:
    series = Series.load(known)
    after = START_S + 20 * DAY * STEP_S
    floor = series.thresholds()
    for step in range(DAY):
        series.update(after + step * STEP_S, 50_000.0 if step < 3 else 1000.0)
    risen = series.thresholds()

    for step in range(DAY, 40 * DAY):
        series.update(after + step * STEP_S, 1000.0)

    assert risen["HIGH"] > floor["HIGH"] + 0.4
    assert floor["HIGH"] <= series.thresholds()["HIGH"] < floor["HIGH"] + 0.2


def test_slow_poisoning_does_not_hide_the_attack() -> None:
    series, chance = taught(20), random.Random(5)
    for time_s, value in daily(chance, 20 * DAY, 40 * DAY):
        days = (time_s - START_S) / 86_400 - 20
        series.update(time_s, value * 1.02**days)

    attack = daily(chance, 60 * DAY, 12)
    verdicts = [series.update(time_s, value * 1.02**40 * 10) for time_s, value in attack]

    assert any(verdict is not None and verdict.low for verdict in verdicts)
