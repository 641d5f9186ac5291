"""The whole state on a disk that fails: nothing raises, nothing is lost that memory can hold."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.state.scene import SINKS, START, Clock, drained, opened, step

from devicewarden.model.metric import Number
from devicewarden.model.outcome import Accepted
from devicewarden.model.violation import Datapoint
from devicewarden.state import journal
from devicewarden.state.outbox import SinkCounts
from devicewarden.state.snapshots import Snapshot
from devicewarden.state.state import State
from devicewarden.state.violation_records import Filter


def point(minutes: int) -> Datapoint:
    return Datapoint("x", START + timedelta(minutes=minutes), Number(minutes))


def use_all_of_it(state: State, violation_id: str = "a") -> None:
    state.tick()
    state.violations.record([step(violation_id), step(violation_id, "alarm-cleared")], SINKS)
    drained(state, "log")
    state.datapoints.append([point(1)])
    list(state.datapoints.since(START))
    state.snapshots.save("baseline", {"b": Snapshot(1, b"b")})
    state.snapshots.load("baseline", "b", 1)
    state.snapshots.names("baseline")
    state.snapshots.forget("baseline", "c")
    state.violations.find(Filter())
    state.violations.counts()
    for verified in state.violations.unapplied_verifications():
        state.violations.mark_applied(verified)
    state.reports.record(state.reports.next_report_id(), START, Accepted(), 812)
    state.outbox.counts()
    state.close()


@pytest.fixture
def blocked(tmp_path: Path) -> Path:
    """A place for the state file that something else takes."""
    folder = tmp_path / "state"
    folder.write_text("not a folder")
    return folder


def test_events_reach_sinks_from_memory_and_the_file_when_it_is_back(blocked: Path) -> None:
    state = opened(blocked)
    state.violations.record([step("a")], SINKS)
    state.violations.record([step("b")], SINKS)
    counted = state.outbox.counts()
    told = drained(state, "log")
    problem = state.problem
    blocked.unlink()

    state.violations.record([step("c")], SINKS)
    after = drained(state, "log")
    state.close()

    assert "goes on in memory" in problem
    assert counted["mqtt"] == SinkCounts(waiting=2)
    assert (told, after) == (["a-in-alarm", "b-in-alarm"], ["c-in-alarm"])
    restarted = opened(blocked)
    assert restarted.problem == ""
    assert drained(restarted, "mqtt") == ["a-in-alarm", "b-in-alarm", "c-in-alarm"]
    assert restarted.violations.counts().active == 3


def test_datapoints_and_snapshots_wait_for_the_disk(blocked: Path) -> None:
    state = opened(blocked)
    for minutes in range(3):
        state.datapoints.append([point(minutes)])
        state.violations.record([], ())
    state.snapshots.save("baseline", {"b": Snapshot(1, b"learnt")})
    before = list(state.datapoints.since(START)), state.snapshots.load("baseline", "b", 1)
    blocked.unlink()
    state.close()

    restarted = opened(blocked)

    assert before == ([], None)
    assert list(restarted.datapoints.since(START)) == [point(0), point(1), point(2)]
    assert restarted.snapshots.load("baseline", "b", 1) == b"learnt"


def test_what_waits_in_memory_is_bounded_and_what_is_lost_is_told(blocked: Path) -> None:
    state = opened(blocked)
    for number in range(300):
        state.violations.record([step(f"v{number:03}")], SINKS)
    dropped = state.outbox.counts()["mqtt"].dropped
    told = drained(state, "mqtt")
    problem = state.problem
    blocked.unlink()
    state.close()

    assert dropped + len(told) == 300
    assert told == sorted(told)
    assert "did not fit into memory" in problem
    assert 0 < opened(blocked).violations.counts().kept <= journal._MAX_WAITING  # noqa: SLF001


def test_datapoints_in_memory_are_bounded_and_counted(blocked: Path) -> None:
    state = opened(blocked)

    for start in range(0, 6000, 10):
        state.datapoints.append(point(minutes) for minutes in range(start, start + 10))

    assert state.datapoints.left_out == 1000
    blocked.unlink()
    assert len(list(state.datapoints.since(START))) == 5000


def test_a_datapoint_after_a_given_up_batch_is_kept(blocked: Path) -> None:
    state = opened(blocked)
    state.datapoints.append([point(0)])
    for number in range(300):
        state.violations.record([step(f"v{number}")], ())
    state.datapoints.append([point(1)])
    blocked.unlink()

    assert list(state.datapoints.since(START)) == [point(1)]


def test_waiting_writes_are_tried_again_now_and_then_and_not_every_second(blocked: Path) -> None:
    clock = Clock()
    state = opened(blocked, clock)
    state.violations.record([step("a")], SINKS)
    blocked.unlink()

    clock.turn(seconds=300)
    state.tick()
    early = state.problem
    clock.turn(seconds=40)
    state.tick()

    assert early != ""
    assert state.problem == ""
    state.close()
    assert opened(blocked).violations.counts().active == 1


def test_a_file_damaged_under_way_is_replaced_and_takes_what_waited(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.violations.record([step("a")], SINKS)
    state.datapoints.append([point(1)])
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("DROP TABLE violations")

    state.violations.record([step("b")], SINKS)

    assert "was damaged" in state.problem
    assert drained(state, "mqtt") == ["b-in-alarm"]
    assert list(state.datapoints.since(START)) == [point(1)]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    use_all_of_it(opened(folder))
    return folder / "state.db"


@effort(max_examples=80, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 40_000), st.integers(1, 255)), max_size=12),
    cut=st.none() | st.integers(0, 40_000),
)
def test_no_damage_of_the_file_stops_the_state(
    tmp_path_factory: pytest.TempPathFactory,
    sound: Path,
    flips: list[tuple[int, int]],
    cut: int | None,
) -> None:
    path = tmp_path_factory.mktemp("state") / "state.db"
    content = bytearray(sound.read_bytes()[:cut])
    for position, change in flips:
        if content:
            content[position % len(content)] ^= change
    path.write_bytes(content)

    for violation_id in "bcd":
        use_all_of_it(opened(path.parent), violation_id)
    restarted = opened(path.parent)

    # A flipped version number makes it a newer agent's file, which is left alone.
    assert restarted.violations.counts().kept >= 1 or "is of version" in restarted.problem
    restarted.close()


def test_without_any_disk_all_of_it_goes_on() -> None:
    state = opened(Path("/\0"))

    use_all_of_it(state)

    assert state.problem != ""
