"""Percentiles of the device's own past."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.detect.statistical import MOST, Past, code_of, value_of
from devicewarden.model.errors import BaselineError

DAY = 288


def taught(*values: float, length_s: int = 300) -> Past:
    past = Past(length_s)
    for value in values:
        past.add(value)
    return past


@given(st.floats(0, 1e14), st.floats(0, 1e14))
def test_code_keeps_the_order(first: float, second: float) -> None:
    low, high = sorted((first, second))

    assert code_of(low) <= code_of(high)


@given(st.floats(1e-4, 1e14))
def test_code_keeps_a_value_to_within_one_in_2048(value: float) -> None:
    assert abs(value_of(code_of(value)) / value - 1) <= 1 / 2048


def test_code_keeps_small_counts_apart() -> None:
    codes = [code_of(value) for value in range(2049)]

    assert [value_of(code) for code in codes] == list(range(2049))


@pytest.mark.parametrize("value", [1e14, 2e14, 1e300, math.inf])
def test_what_is_larger_than_any_count_is_the_largest(value: float) -> None:
    assert code_of(value) >= code_of(1e14)
    assert code_of(value) < code_of(-1)


@pytest.mark.parametrize("percentile", [0, 0.01, 1, 10, 50, 90, 99, 99.9, 99.99, 100])
def test_percentile_is_the_nearest_rank_of_the_last_fourteen_days(percentile: float) -> None:
    chance = Random(7)
    values = [chance.lognormvariate(10, 2) for _ in range(2 * MOST)]

    past = taught(*values)

    ranked = sorted(values[-MOST:])
    exact = ranked[max(1, math.ceil(percentile / 100 * MOST)) - 1]
    found = past.percentile(percentile)
    assert found is not None
    assert abs(found / exact - 1) <= 1 / 2048


def test_nothing_is_said_before_a_day_and_a_hundred_datapoints() -> None:
    assert taught(*range(DAY - 1)).percentile(50) is None
    assert taught(*range(DAY)).percentile(50) is not None
    assert taught(*range(99), length_s=3600).percentile(50) is None
    assert taught(*range(100), length_s=3600).percentile(50) is not None
    assert taught(*range(DAY // 2)).progress == 0.5


def test_windows_of_a_whole_day_are_judged_too_in_the_end() -> None:
    assert taught(*range(100), length_s=86_400).percentile(100) == 99


def test_equal_counts_are_equal_whatever_their_size() -> None:
    past = taught(*[7_654_321] * DAY)

    assert past.holds("less-than-equals", 7_654_321, 90) is True
    assert past.holds("less-than", 7_654_321, 90) is False
    assert past.holds("less-than-equals", 7_700_000, 90) is False


def test_negative_value_makes_percentiles_unavailable_until_it_is_past() -> None:
    past = taught(*[5] * MOST, -1)

    assert past.has_negatives
    assert past.holds("less-than-equals", 5, 90) is None

    for _ in range(MOST):
        past.add(5)
    assert past.holds("less-than-equals", 5, 90) is True
    assert past.holds("less-than-equals", -5, 90) is None


@pytest.mark.parametrize("length_s", [1, 7, 60, 300, 900, 3600, 86_400, 14 * 86_400])
def test_memory_is_bounded_at_every_window_length(length_s: int) -> None:
    past = taught(*range(30_000), length_s=length_s)

    assert len(past.dump()) <= 2 * MOST + 12


def test_of_windows_shorter_than_five_minutes_the_past_is_fourteen_days_too() -> None:
    past = taught(*[1] * 14 * 1440, *[2] * 14 * 144, length_s=60)

    assert past.percentile(89) == 1
    assert past.percentile(92) == 2


@given(
    st.lists(st.floats(-1, 1e9), max_size=400),
    st.lists(st.floats(0, 1e9), max_size=50),
    st.sampled_from([60, 300, 7200]),
)
def test_past_that_was_packed_goes_on_as_if_it_had_not_been(
    before: list[float], after: list[float], length_s: int
) -> None:
    past = taught(*before, length_s=length_s)
    unpacked = Past.load(past.dump())

    for value in after:
        past.add(value)
        unpacked.add(value)

    assert unpacked.dump() == past.dump()
    assert unpacked.percentile(90) == past.percentile(90)


@given(st.binary(max_size=200) | st.binary(max_size=64).map(lambda tail: b"DWP1" + tail))
def test_what_is_no_past_is_refused(packed: bytes) -> None:
    try:
        past = Past.load(packed)
    except BaselineError:
        return

    past.add(1)
    assert 0 <= past.progress <= 1


def test_past_that_is_too_long_is_refused() -> None:
    packed = taught(*range(MOST)).dump()

    with pytest.raises(BaselineError, match="damaged"):
        Past.load(packed + b"\0\0")
