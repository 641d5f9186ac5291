"""Rows of the bench of Detect, made from what its parts printed."""

import pytest
from tests.bench.bench_detect import figures, parts
from tests.bench.figures import Figure
from tests.bench.goals import Failed, Result

SEEN: Result = {
    "seen within a period": 100,
    "longest delay, s": 0.99,
    "connections": 5000,
    "watched": 100,
    "told": 100,
    "sockets missed": 0,
}


def rows(**seen: float) -> list[Figure]:
    results: dict[str, Result | Failed] = dict.fromkeys(parts(), Failed("not now"))
    results["seeing"] = {**SEEN, **seen}
    return [row for row in figures(results) if row.measured is not None and row.goal is not None]


def test_listeners_and_short_connections_have_their_rows() -> None:
    listeners, connections = rows()

    assert (listeners.what, listeners.verdict) == (
        "new listeners that outlive a period: seen within it, of 100",
        "ok",
    )
    assert (connections.what, connections.verdict) == (
        "1,000 short connections a second: judged or counted as missed",
        "ok",
    )


def test_one_listener_that_is_seen_late_is_short_of_the_goal() -> None:
    listeners, _ = rows(**{"seen within a period": 99})

    assert listeners.verdict == "short"


@pytest.mark.parametrize(
    ("told", "missed", "percent", "verdict"),
    [
        pytest.param(90, 500, 100, "ok", id="counted"),
        pytest.param(90, 499, 99, "short", id="more-unseen-than-counted"),
        pytest.param(90, 0, 90, "short", id="not-counted"),
        pytest.param(0, 0, 0, "short", id="nothing-told"),
        pytest.param(100, 700, 100, "ok", id="never-more-than-all"),
    ],
)
def test_only_a_gap_that_was_counted_is_forgiven(
    told: int, missed: int, percent: float, verdict: str
) -> None:
    _, connections = rows(told=told, **{"sockets missed": missed})

    assert (connections.measured, connections.verdict) == (percent, verdict)
