"""How the views become one score, and scores the evidence for an alarm."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.detect.series import DAY, START_S, STEP_S, daily, taught

from devicewarden.detect.habits import fuse
from devicewarden.detect.machine_learning import Series
from devicewarden.detect.views import NAMES, WEIGHTS

surprises = st.lists(st.floats(0, 12), min_size=len(NAMES), max_size=len(NAMES))


@pytest.fixture(scope="module")
def known() -> bytes:
    """A series that knows twenty days."""
    return taught(20).dump()


def highs(series: Series, burst: int) -> int:
    """Count the datapoints of two hours that violate at HIGH; the first so many are strange."""
    usual = daily(random.Random(9), 20 * DAY, 24)
    verdicts = [
        series.update(time_s, 7_000.0 if step < burst else value)
        for step, (time_s, value) in enumerate(usual)
    ]
    return sum(verdict is not None and verdict.high for verdict in verdicts)


def test_every_view_has_its_weight() -> None:
    assert len(WEIGHTS) == len(NAMES)
    assert all(0 < weight <= 1 for weight in WEIGHTS)


@given(each=surprises)
def test_the_score_lies_between_nothing_and_the_strangest_view(each: list[float]) -> None:
    score = fuse(each)

    assert -1e-9 <= score <= max(each) + 1e-9


@given(each=surprises, at=st.integers(0, len(NAMES) - 1), more=st.floats(0.1, 5))
def test_a_stranger_view_never_lowers_the_score(each: list[float], at: int, more: float) -> None:
    stranger = [value + more * (view == at) for view, value in enumerate(each)]

    assert fuse(stranger) >= fuse(each)


def test_what_lasts_alarms_where_a_burst_does_not(known: bytes) -> None:
    burst, lasting = Series.load(known), Series.load(known)

    assert highs(burst, 1) == 0
    assert highs(lasting, 6) > 0


def test_a_gap_ends_what_lasted(known: bytes) -> None:
    series = Series.load(known)
    highs(series, 24)
    lasted = Series.load(series.dump())
    last_s = START_S + (20 * DAY + 23) * STEP_S

    at_once = lasted.update(last_s + STEP_S, 1000.0)
    later = series.update(last_s + DAY * STEP_S, 1000.0)

    assert at_once is not None
    assert later is not None
    assert at_once.high
    assert not later.high
