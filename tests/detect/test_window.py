"""From observations to datapoints."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.detect.scenes import BYTES_OUT, CONNECTIONS, START

from devicewarden.detect.metric_names import MESSAGE_BYTE_SIZE
from devicewarden.detect.window import MOST_ELEMENTS, Grid, Windows
from devicewarden.model.metric import Number
from devicewarden.model.violation import Addresses, Datapoint, Ports

AT = START.timestamp()


def told(datapoints: Iterable[Datapoint]) -> list[tuple[float, object]]:
    """Give end, in seconds after the start, and value of each."""
    return [
        (each.at.timestamp() - AT, getattr(each.value, "value", None) or each.value)
        for each in datapoints
    ]


def closed(windows: Windows, *seconds: float, metric: str, each: float = 1) -> list[object]:
    """Observe a number at these times, a second's worth each; tell what closed."""
    found: list[Datapoint] = []
    for second in seconds:
        found += windows.move_to(AT + second)
        windows.add(metric, each, 1.0)
    return [value for _, value in told(found)]


def test_counter_is_summed_over_windows_that_are_aligned_to_the_epoch() -> None:
    windows = Windows(300)
    found = []

    for second in range(1, 902):
        found += windows.move_to(AT + second)
        windows.add(BYTES_OUT, second, 1.0)

    sums = [sum(range(1, 301)), sum(range(301, 601)), sum(range(601, 901))]
    assert told(found) == [(300, sums[0]), (600, sums[1]), (900, sums[2])]


def test_gauge_takes_the_last_value_and_message_size_the_largest() -> None:
    windows = Windows(60)

    for second, value in [(1, 5), (2, 9), (59, 7)]:
        windows.move_to(AT + second)
        windows.add(CONNECTIONS, value, 1.0)
        windows.add(MESSAGE_BYTE_SIZE, value, 1.0)

    found = windows.move_to(AT + 61)
    assert told(found) == [(60, 7), (60, 9)]


def test_window_without_an_observation_gives_no_datapoint() -> None:
    windows = Windows(60)
    windows.move_to(AT + 10)
    windows.add(CONNECTIONS, 5, 1.0)

    assert told(windows.move_to(AT + 70)) == [(60, 5)]
    assert windows.move_to(AT + 200) == []


@pytest.mark.parametrize(
    ("first", "last", "complete"),
    [(1, 60, True), (7, 60, True), (1, 54, True), (8, 60, False), (1, 53, False), (31, 60, False)],
)
def test_counter_that_covers_less_than_nine_tenths_of_a_window_gives_no_datapoint(
    first: int, last: int, *, complete: bool
) -> None:
    windows = Windows(60)

    found = closed(windows, *range(first, last + 1), 61, metric=BYTES_OUT)

    assert found == ([last + 1 - first] if complete else [])


def test_increment_that_spans_windows_is_in_none_of_them() -> None:
    windows = Windows(60)
    windows.move_to(AT + 61)
    windows.add(BYTES_OUT, 1_000_000, 3600.0)
    windows.add(CONNECTIONS, 3, 3600.0)

    assert told(windows.move_to(AT + 121)) == [(120, 3)]


def test_clock_that_is_adjusted_back_over_an_end_leaves_the_window_open() -> None:
    windows = Windows(60)

    found = closed(windows, 59, 60.2, 59.9, 61, metric=CONNECTIONS, each=4)

    assert found == [4]


def test_dropped_windows_give_nothing() -> None:
    windows = Windows(60)
    windows.move_to(AT + 1)
    windows.add(CONNECTIONS, 5, 1.0)

    windows.drop()

    assert windows.move_to(AT + 61) == []


def test_list_gathers_the_elements_of_its_window() -> None:
    windows = Windows(60)
    windows.move_to(AT + 1)

    first = windows.add_list("p", Ports, frozenset({22, 80}), frozenset())
    again = windows.add_list("p", Ports, frozenset({22, 443}), frozenset({443}))

    assert (first, again) == (True, False)
    assert told(windows.move_to(AT + 61)) == [(60, Ports(frozenset({22, 80, 443})))]


def test_list_that_is_empty_is_a_datapoint() -> None:
    windows = Windows(60)
    windows.move_to(AT + 1)
    windows.add_list("p", Ports, frozenset(), frozenset())

    assert told(windows.move_to(AT + 61)) == [(60, Ports(frozenset()))]


@given(st.permutations(range(50)))
def test_list_keeps_the_same_elements_in_whatever_order_they_are_held(order: list[int]) -> None:
    windows = Windows(60)
    windows.move_to(AT + 1)
    many = frozenset(f"10.{n // 256}.{n % 256}.1" for n in range(MOST_ELEMENTS - 10))
    more = frozenset(f"192.0.2.{n}" for n in order)

    windows.add_list("d", Addresses, many, frozenset())
    windows.add_list("d", Addresses, many | more, more)

    kept = Addresses(many | frozenset(sorted(more)[:10]))
    assert told(windows.move_to(AT + 61)) == [(60, kept)]


def test_longer_window_is_made_of_the_datapoints_of_the_base() -> None:
    grid = Grid(300, {900: frozenset({BYTES_OUT, CONNECTIONS})})
    found: dict[int, list[Datapoint]] = {300: [], 900: []}

    for second in range(1, 1802):
        for length_s, datapoints in grid.move_to(AT + second):
            found[length_s] += datapoints
        grid.add(BYTES_OUT, 1, 1.0)
        if second != 1500:
            grid.add(CONNECTIONS, second, 1.0)

    assert told(found[900]) == [(900, 900), (900, 900), (1800, 900), (1800, 1800)]
    assert len(found[300]) == 12


def test_longer_window_of_a_counter_needs_every_base_datapoint() -> None:
    grid = Grid(300, {900: frozenset({BYTES_OUT})})
    found = []

    for second in [*range(1, 400), *range(500, 902)]:
        found += grid.move_to(AT + second)
        grid.add(BYTES_OUT, 1, 1.0)

    assert [length_s for length_s, _ in found] == [300, 300]


def test_window_that_the_base_does_not_divide_is_made_of_observations() -> None:
    grid = Grid(300, {60: frozenset({BYTES_OUT})})
    found = []

    for second in range(1, 122):
        found += grid.move_to(AT + second)
        grid.add(BYTES_OUT, 2, 1.0)
        grid.add(CONNECTIONS, 1, 1.0)

    assert [(length_s, told(datapoints)) for length_s, datapoints in found] == [
        (60, [(60, 120)]),
        (60, [(120, 120)]),
    ]


def test_open_windows_survive_other_wishes() -> None:
    grid = Grid(300, {60: frozenset({BYTES_OUT}), 120: frozenset({BYTES_OUT})})
    grid.move_to(AT + 30)
    grid.add(BYTES_OUT, 55, 60.0)

    grid.want({60: frozenset({BYTES_OUT})})

    assert [windows.length_s for windows in grid.all()] == [300, 60]
    assert grid.move_to(AT + 61)[0][1][0].value == Number(55)
