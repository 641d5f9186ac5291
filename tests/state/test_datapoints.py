"""The history of datapoints: what is read is what was measured, in order of time."""

import math
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.state.scene import START, Clock, opened

from devicewarden.config.settings import StateSettings
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList
from devicewarden.model.violation import Addresses, Datapoint, DatapointValue, Ports
from devicewarden.state.datapoints import read_since
from devicewarden.state.look import look

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[DatapointValue] = st.one_of(
    st.builds(Number, FINITE),
    st.builds(Ports, st.frozensets(st.integers(0, 65535), max_size=20)),
    st.builds(Addresses, st.frozensets(st.ip_addresses().map(str), max_size=20)),
    st.builds(NumberList, st.lists(FINITE, max_size=5).map(tuple)),
    st.builds(StringList, st.lists(st.text(st.characters()), max_size=5).map(tuple)),
    st.builds(IpAddressList, st.lists(st.ip_addresses().map(str), max_size=5).map(tuple)),
)
TIMES = st.integers(0, 20 * 86_400_000).map(lambda ms: START + timedelta(milliseconds=ms))
POINTS = st.builds(
    Datapoint, metric=st.sampled_from(("aws:all-bytes-out", "x", "\ud800")), at=TIMES, value=VALUES
)


def number(at: datetime, value: float = 1.0, metric: str = "x") -> Datapoint:
    return Datapoint(metric, at, Number(value))


def ports(at: datetime, *values: int) -> Datapoint:
    return Datapoint("aws:listening-tcp-ports", at, Ports(frozenset(values)))


@effort(max_examples=40, deadline=None)
@given(batches=st.lists(st.lists(POINTS, max_size=8), max_size=5))
def test_what_is_read_is_what_was_measured_in_order_of_time(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Datapoint]]
) -> None:
    folder = tmp_path_factory.mktemp("state")
    state = opened(folder)
    for batch in batches:
        state.datapoints.append(batch)
        state.violations.record([], ())

    read = list(state.datapoints.since(FIRST))
    state.close()

    put = [point for batch in batches for point in batch]
    assert [point.at for point in read] == sorted(point.at for point in put)
    expected = [Datapoint(p.metric.replace("\ud800", "?"), p.at, p.value) for p in put]
    assert sorted(map(repr, map(settled, read))) == sorted(map(repr, map(settled, expected)))


def settled(point: Datapoint) -> tuple[str, datetime, object]:
    match point.value:
        case Ports(values) | Addresses(values):
            return point.metric, point.at, (type(point.value), sorted(values, key=str))
        case _:
            return point.metric, point.at, point.value


def test_numbers_come_back_to_the_last_bit(tmp_path: Path) -> None:
    state = opened(tmp_path)
    values = (0.1, 1 / 3, 5e-324, 1.7e308, -0.0, 2.0**53, 2.0**53 + 2, 1e22, -7.0)

    state.datapoints.append(
        number(START + timedelta(seconds=n), value) for n, value in enumerate(values)
    )

    read = [point.value for point in state.datapoints.since(START)]
    assert [value.value for value in read if isinstance(value, Number)] == list(values)


def test_reading_begins_at_the_time_that_is_asked_for(tmp_path: Path) -> None:
    state = opened(tmp_path)
    minute = timedelta(minutes=1)
    state.datapoints.append(number(START + n * minute, n) for n in range(300))

    read = list(state.datapoints.since(START + 100 * minute))

    assert read == [number(START + n * minute, n) for n in range(100, 300)]


def test_a_clock_that_was_set_back_leaves_the_order_of_time(tmp_path: Path) -> None:
    state = opened(tmp_path)
    for hours in (0, 1, 0, 0.5):
        start = START + timedelta(hours=hours)
        state.datapoints.append(number(start + timedelta(minutes=m)) for m in range(50))
        state.violations.record([], ())

    times = [point.at for point in state.datapoints.since(START)]

    assert len(times) == 200
    assert times == sorted(times)


def test_equal_lists_are_stored_once(tmp_path: Path) -> None:
    state = opened(tmp_path)
    for hour in range(48):
        state.datapoints.append([ports(START + timedelta(hours=hour), 22, 443)])
        state.violations.record([], ())
    state.close()

    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        lists = connection.execute("SELECT document FROM lists").fetchall()

    assert lists == [('{"ports":[22,443]}',)]


def test_what_cannot_be_kept_is_counted_and_spoils_nothing(tmp_path: Path) -> None:
    state = opened(tmp_path)
    long = Datapoint("x", START, StringList(("y" * 20_000,)))

    state.datapoints.append(
        [
            number(START, math.nan),
            number(START, math.inf),
            Datapoint("x", START, NumberList((math.nan,))),
            long,
            number(START, 7),
        ]
    )

    assert list(state.datapoints.since(START)) == [number(START, 7)]
    assert state.datapoints.left_out == 4
    assert state.problem == ""


def test_a_storm_of_new_lists_is_bounded_and_counted(tmp_path: Path) -> None:
    state = opened(tmp_path)
    storm = [ports(START + timedelta(seconds=n), *range(n, n + 100)) for n in range(1000)]

    state.datapoints.append(storm)
    state.datapoints.append([number(START)])
    kept = list(state.datapoints.since(START))

    assert number(START) in kept
    assert 10 < len(kept) < 100
    assert state.datapoints.left_out == len(storm) + 1 - len(kept)


def test_metrics_without_end_are_bounded_and_counted(tmp_path: Path) -> None:
    state = opened(tmp_path)

    state.datapoints.append(number(START, metric=f"m{n}") for n in range(1500))

    assert len(list(state.datapoints.since(START))) == 1000
    assert state.datapoints.left_out == 500


def test_a_day_that_is_too_old_is_deleted_with_its_lists(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock, keep_days=2)
    for hour in range(24 * 6):
        state.datapoints.append([number(clock.now), ports(clock.now, hour % 24, hour // 24)])
        state.tick()
        clock.turn(hours=1)
    state.tick()
    state.close()

    read = list(opened(tmp_path, clock, keep_days=2).datapoints.since(FIRST))

    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        lists = connection.execute("SELECT count(*) FROM lists").fetchone()[0]
    oldest = min(point.at for point in read)
    assert timedelta(days=2) <= clock.now - oldest <= timedelta(days=3, hours=2)
    assert lists < 24 * 6
    assert all(isinstance(point.value, Number | Ports) for point in read)


def test_a_start_with_a_clock_that_is_behind_costs_no_history(tmp_path: Path) -> None:
    clock = Clock()
    with closing(opened(tmp_path, clock=clock)) as state:
        state.datapoints.append([number(START), ports(START, 22)])
    now, clock.now = clock.now, FIRST

    with closing(opened(tmp_path, clock=clock)) as state:
        state.tick()
        clock.now = now
        state.tick()

    with closing(opened(tmp_path, clock=clock)) as state:
        assert list(state.datapoints.since(FIRST)) == [number(START), ports(START, 22)]


def test_datapoints_of_a_time_to_come_are_deleted_once_the_clock_went_on_for_a_day(
    tmp_path: Path,
) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    state.datapoints.append([number(START + timedelta(days=400)), number(START)])
    state.close()

    restarted = opened(tmp_path, clock)
    restarted.tick()
    clock.turn(days=1)
    restarted.tick()

    assert list(restarted.datapoints.since(FIRST)) == [number(START)]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE datapoints SET packed = x'00'",
        "UPDATE datapoints SET packed = substr(packed, 1, length(packed) - 5)",
        "UPDATE datapoints SET packed = x''",
        "UPDATE metrics SET id = 999",
        "UPDATE lists SET document = '{}'",
        "UPDATE lists SET document = '['",
        "DELETE FROM lists",
    ],
)
def test_a_damaged_row_is_left_out(tmp_path: Path, damage: str) -> None:
    state = opened(tmp_path)
    state.datapoints.append([ports(START, 22)])
    state.close()
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as connection:
        connection.execute(damage)

    restarted = opened(tmp_path)
    restarted.datapoints.append([number(START + timedelta(days=1))])
    read = list(restarted.datapoints.since(START))

    assert read == [number(START + timedelta(days=1))]
    assert restarted.problem == ""


def test_a_command_reads_while_the_daemon_writes(tmp_path: Path) -> None:
    daemon = opened(tmp_path)
    points = [number(START + timedelta(minutes=n), n) for n in range(1000)]
    for start in range(0, 1000, 4):
        daemon.datapoints.append(points[start : start + 4])
        daemon.violations.record([], ())
    settings = StateSettings(dir=str(tmp_path))

    reading = read_since(START, lambda work: look(settings, work))
    first = next(reading)
    daemon.datapoints.append([number(START + timedelta(days=3))])
    daemon.violations.record([], ())

    assert [first, *reading] == [*points, number(START + timedelta(days=3))]
