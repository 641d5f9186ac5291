"""How much is handed to the kernel on a day on which nothing happens."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.state.scene import START, Clock, opened

from devicewarden.model.metric import Number
from devicewarden.model.outcome import Accepted
from devicewarden.model.violation import Datapoint, Ports
from devicewarden.state.snapshots import Snapshot
from devicewarden.state.state import State

METRICS = 17
MINUTES = 1440


def written_bytes() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


def live_a_day(state: State, clock: Clock) -> None:
    for minute in range(MINUTES):
        if minute % 5 == 0:
            state.reports.record(state.reports.next_report_id(), clock.now, Accepted(), 812)
            state.datapoints.append(
                Datapoint(f"metric-{n}", clock.now, Number(minute * n % 977))
                for n in range(METRICS)
            )
            state.datapoints.append(
                [Datapoint("aws:listening-tcp-ports", clock.now, Ports(frozenset({22, 443})))]
            )
        if state.snapshots.due("evaluator"):
            state.snapshots.save("evaluator", {"": Snapshot(1, str(minute).encode() * 500)})
        state.tick()
        clock.turn(minutes=1)


@pytest.mark.parametrize(
    ("durability", "most"), [("full", 1_500_000), ("wear-saver", 600_000)], ids=["full", "saver"]
)
def test_a_day_hands_the_kernel_little(tmp_path: Path, durability: str, most: int) -> None:
    clock = Clock()
    state = opened(tmp_path, clock, durability=durability)
    live_a_day(state, clock)
    before = written_bytes()

    live_a_day(state, clock)

    assert written_bytes() - before < most
    assert state.problem == ""
    state.close()


def test_a_day_of_datapoints_takes_seven_bytes_a_number(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    live_a_day(state, clock)
    state.close()
    first_day = (tmp_path / "state.db").stat().st_size

    live_a_day(state, clock)
    state.close()

    reports_bytes = 288 * 40
    grown = (tmp_path / "state.db").stat().st_size - first_day
    assert grown - reports_bytes < 7 * 288 * (METRICS + 1)


def test_with_no_reports_datapoints_are_written_by_themselves(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    state.datapoints.append([Datapoint("x", START, Number(1))])

    clock.turn(seconds=329)
    state.tick()
    early = opened(tmp_path).datapoints.since(START)
    assert list(early) == []
    clock.turn(seconds=1)
    state.tick()

    assert len(list(opened(tmp_path).datapoints.since(START - timedelta(days=1)))) == 1
