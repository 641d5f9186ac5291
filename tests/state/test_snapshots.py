"""Snapshots: what comes out is what went in, or nothing and a word about it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.state.scene import SINKS, Clock, opened, step

from devicewarden.state.snapshots import MAX_BYTES, Snapshot


def stored(folder: Path, data: bytes = b"state" * 100) -> None:
    state = opened(folder)
    state.snapshots.save("baseline", {"edge/few-ports": Snapshot(1, data)})
    state.close()


def sql(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as connection:
        connection.execute(statement)


@effort(max_examples=25, deadline=None)
@given(name=st.text(st.characters(), max_size=400), data=st.binary(max_size=5000))
def test_any_bytes_survive_a_restart_under_any_name(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("state")
    state = opened(folder)
    state.snapshots.save("evaluator", {name: Snapshot(3, data)})
    state.close()

    restarted = opened(folder)

    assert restarted.snapshots.load("evaluator", name, 3) == data
    assert restarted.snapshots.load("baseline", name, 3) is None
    assert restarted.problem == ""
    restarted.close()


def test_a_later_snapshot_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    stored(tmp_path, b"old")

    stored(tmp_path, b"new")

    snapshots = opened(tmp_path).snapshots
    assert snapshots.load("baseline", "edge/few-ports", 1) == b"new"
    assert snapshots.names("baseline") == ("edge/few-ports",)


def test_a_snapshot_travels_in_the_transaction_of_the_events_after_it(tmp_path: Path) -> None:
    state = opened(tmp_path)
    with closing(sqlite3.connect(tmp_path / "state.db")) as other:
        before = other.execute("PRAGMA data_version").fetchone()
        state.snapshots.save("evaluator", {"": Snapshot(1, b"in alarm")})
        waiting = other.execute("PRAGMA data_version").fetchone()
        state.violations.record([step()], SINKS)
        found = other.execute(
            "SELECT (SELECT count(*) FROM snapshots), (SELECT count(*) FROM violation_events)"
        ).fetchone()

    assert waiting == before
    assert found == (1, 1)


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    times = []
    for data in (b"a", b"a", b"b"):
        state.snapshots.save("evaluator", {"": Snapshot(1, data)})
        state.violations.record([step(data.decode() + str(clock.now.timestamp()))], ())
        with closing(sqlite3.connect(tmp_path / "state.db")) as other:
            times.append(other.execute("SELECT saved_at FROM snapshots").fetchone()[0])
        clock.turn(hours=1)

    assert times[0] == times[1] < times[2]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("UPDATE snapshots SET data = x'00'", id="no packed data"),
        pytest.param("UPDATE snapshots SET data = substr(data, 1, length(data) - 9)", id="cut"),
        pytest.param("UPDATE snapshots SET checksum = checksum + 1", id="other checksum"),
        pytest.param("UPDATE snapshots SET data = x''", id="empty"),
    ],
)
def test_a_damaged_snapshot_is_dropped_with_a_note(tmp_path: Path, damage: str) -> None:
    stored(tmp_path)
    sql(tmp_path, damage)

    state = opened(tmp_path)
    loaded = state.snapshots.load("baseline", "edge/few-ports", 1)
    problem = state.problem
    state.close()

    assert loaded is None
    assert problem.startswith("baseline edge/few-ports: dropped")
    restarted = opened(tmp_path)
    assert restarted.snapshots.names("baseline") == ()
    assert restarted.problem == ""


def test_damage_of_one_snapshot_leaves_the_rest_of_the_file(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.snapshots.save("evaluator", {"": Snapshot(1, b"sound")})
    state.violations.record([step()], SINKS)
    state.close()
    stored(tmp_path)
    sql(tmp_path, "UPDATE snapshots SET checksum = 1 WHERE kind = 'baseline'")

    state = opened(tmp_path)
    state.snapshots.load("baseline", "edge/few-ports", 1)

    assert state.snapshots.load("evaluator", "", 1) == b"sound"
    assert state.violations.counts().active == 1


def test_a_snapshot_of_another_version_is_dropped_with_a_note(tmp_path: Path) -> None:
    stored(tmp_path)

    state = opened(tmp_path)

    assert state.snapshots.load("baseline", "edge/few-ports", 2) is None
    assert state.problem == "baseline edge/few-ports: dropped: of version 1, not 2"


def test_a_snapshot_that_unpacks_to_more_than_the_limit_is_dropped(tmp_path: Path) -> None:
    import zlib  # noqa: PLC0415  used here alone

    stored(tmp_path)
    bomb = zlib.compress(bytes(50 * MAX_BYTES)).hex()
    sql(tmp_path, f"UPDATE snapshots SET data = x'{bomb}'")  # noqa: S608  hexadecimal digits

    assert opened(tmp_path).snapshots.load("baseline", "edge/few-ports", 1) is None


def test_too_large_a_snapshot_is_not_kept_and_told(tmp_path: Path) -> None:
    stored(tmp_path, b"before")
    state = opened(tmp_path)

    state.snapshots.save("baseline", {"edge/few-ports": Snapshot(1, bytes(MAX_BYTES + 1))})
    problem = state.problem
    state.close()

    assert "262145 bytes are too many" in problem
    assert opened(tmp_path).snapshots.load("baseline", "edge/few-ports", 1) == b"before"


def test_a_forgotten_snapshot_is_gone(tmp_path: Path) -> None:
    stored(tmp_path)
    state = opened(tmp_path)

    state.snapshots.forget("baseline", "edge/few-ports")
    state.snapshots.forget("baseline", "unknown")
    state.close()

    assert opened(tmp_path).snapshots.names("baseline") == ()


@pytest.mark.parametrize(
    ("durability", "hours"), [("full", (1, 12)), ("wear-saver", (12, 48))], ids=["full", "saver"]
)
def test_each_kind_is_due_after_its_period_even_if_the_clock_goes_back(
    tmp_path: Path, durability: str, hours: tuple[int, int]
) -> None:
    clock = Clock()
    snapshots = opened(tmp_path, clock, durability=durability).snapshots
    at_first = snapshots.due("evaluator"), snapshots.due("baseline")

    clock.turn(hours=-hours[0])
    back = snapshots.due("evaluator"), snapshots.due("baseline")
    snapshots.save("evaluator", {})
    saved = snapshots.due("evaluator")
    clock.turn(hours=hours[0] + hours[1])

    assert at_first == (False, False)
    assert back == (True, False)
    assert not saved
    assert snapshots.due("baseline")
