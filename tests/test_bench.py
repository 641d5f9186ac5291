"""The bench's own arithmetic: ratios, verdicts, and the table that they stand in."""

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.bench.figures import Figure, Unit, per_call, share, table, written
from tests.bench.goals import GOALS, Failed, Result, judged
from tests.bench.isolation import isolated, run_part

COSTS = {"quiet": 100.0, "full": 5_000.0, "psutil": 40_000.0}
RESULTS: dict[str, Result | Failed] = {
    "sampling L1": COSTS,
    "sampling L2": {**COSTS, "quiet": 300.0},
    "instructions L1": COSTS,
    "startup": {"help_ms": 60.0},
    "memory": {
        "rss": 31 << 20,
        "private": 20 << 20,
        "shared": 11 << 20,
        "groups": {"asyncio": 1 << 20, "interpreter": 30 << 20},
    },
    "daemon L1": {"percent": 0.1, "rss": 33 << 20},
}


@given(st.integers(0), st.integers(1), st.integers(1))
def test_what_both_runs_do_cancels(start_up: int, cost: int, calls: int) -> None:
    found = per_call(start_up, start_up + cost * calls, calls)

    assert found == pytest.approx(cost)


@pytest.mark.parametrize(("part", "whole"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
def test_what_costs_nothing_has_no_share(part: float, whole: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        share(part, whole)


@pytest.mark.parametrize("with_calls", [7, 6])
def test_calls_that_cost_nothing_were_not_counted(with_calls: int) -> None:
    with pytest.raises(ValueError, match="no cost"):
        per_call(7, with_calls, 10)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        pytest.param(1 / 250, "ratio", "1/250", id="ratio"),
        pytest.param(1 / 249.6, "ratio", "1/249.6", id="not-rounded-to-the-goal"),
        pytest.param(2.5, "times", "x 2.5", id="times"),
        pytest.param(0.15, "%", "0.15 %", id="percent"),
    ],
)
def test_a_figure_is_written_as_its_goal_is_told(value: float, unit: Unit, text: str) -> None:
    assert written(value, unit) == text


def test_the_table_tells_goal_measured_value_and_verdict_of_every_figure() -> None:
    figures = [
        Figure(what="at the goal", unit="ms", measured=120, goal=120),
        Figure(what="over it", unit="ms", measured=121, goal=120),
        Figure(what="told", unit="MiB", measured=9.5),
        Figure(what="lost", unit="ratio", measured=None, goal=1 / 6, why="no valgrind"),
    ]

    assert table(figures).splitlines() == [
        "| what        | at most | measured | verdict      |",
        "| ----------- | ------- | -------- | ------------ |",
        "| at the goal | 120 ms  | 120 ms   | ok           |",
        "| over it     | 120 ms  | 121 ms   | short        |",
        "| told        |         | 9.5 MiB  |              |",
        "| lost        | 1/6     |          | not measured |",
    ]


def test_a_goal_may_be_the_least_that_is_wanted() -> None:
    figures = [
        Figure(what="score", unit="number", measured=score, goal=75, at_least=True)
        for score in (75, 74.9)
    ]

    assert table(figures).splitlines()[2:] == [
        "| score | at least 75 | 75       | ok      |",
        "| score | at least 75 | 74.9     | short   |",
    ]


def test_every_goal_is_judged_by_what_was_measured() -> None:
    verdicts = {figure.what: figure.verdict for figure in judged(RESULTS) if figure.goal}

    assert len(verdicts) == len(GOALS)
    assert [what for what, verdict in verdicts.items() if verdict != "ok"] == [
        "quiet sample / psutil, CPU, L2",
        "quiet sample, CPU, L2 / L1",
        "quiet sample / psutil, user instructions, L1",
    ]


@pytest.mark.parametrize("part", RESULTS)
def test_a_part_that_failed_costs_only_the_figures_that_need_it(part: str) -> None:
    figures = judged({**RESULTS, part: Failed("broken")})

    lost = [figure.what for figure in figures if figure.verdict == "not measured"]
    assert lost == [goal.what for goal in GOALS if part in goal.parts]
    assert all(figure.why for figure in figures if figure.what in lost)


def test_a_result_without_its_value_is_not_measured() -> None:
    figures = judged({**RESULTS, "startup": {}})

    assert [figure.why for figure in figures if figure.verdict == "not measured"] == [
        "KeyError('help_ms')"
    ]


@pytest.mark.parametrize(("user_id", "mapped"), [(0, False), (1000, True)])
def test_an_ordinary_user_becomes_root_of_a_namespace_first(user_id: int, *, mapped: bool) -> None:
    command = isolated(["true"], user_id)

    assert ("--map-root-user" in command) is mapped


@pytest.mark.e2e
@pytest.mark.skipif(os.geteuid() != 0, reason="not every kernel lets an ordinary user")
def test_the_ways_of_sampling_are_measured_under_load() -> None:
    costs = run_part(
        *(sys.executable, "-m", "tests.bench.load", "L1"),
        *(sys.executable, "-m", "tests.bench.sampling", "cpu", "1"),
    )

    assert costs.keys() == {"quiet", "full", "psutil"}
    assert min(costs.values()) > 0


@pytest.mark.e2e
@pytest.mark.skipif(os.geteuid() != 0, reason="not every kernel lets an ordinary user")
def test_a_part_that_fails_tells_its_last_words() -> None:
    with pytest.raises(ChildProcessError, match="status 3: no luck"):
        run_part("sh", "-c", "echo no luck >&2; exit 3")
