"""The store on a disk that fails: it goes on in memory, says so, and recovers by itself."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.state.scene import open_store

from devicewarden.config.settings import StateSettings
from devicewarden.model.outcome import Accepted, Missed, Rejected
from devicewarden.state.history import OutcomeCounts
from devicewarden.state.store import Store

NOW = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)
NOW_S = int(NOW.timestamp())


def opened(folder: Path) -> Store:
    return open_store(StateSettings(dir=str(folder)), lambda: NOW)


def report(store: Store) -> int:
    report_id = store.next_report_id()
    store.record(report_id, NOW, Accepted(), 812)
    return report_id


def file_of(folder: Path, reports: int) -> Path:
    store = opened(folder)
    for number in range(reports):
        store.record(store.next_report_id(), NOW, Rejected("code", "reason" * number), 812)
    store.close()
    return folder / "state.db"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return file_of(tmp_path_factory.mktemp("sound"), reports=12).read_bytes()


@pytest.fixture(scope="module")
def sound_log(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    folder = tmp_path_factory.mktemp("sound")
    died = opened(folder)
    for _ in range(12):
        report(died)
    content = (folder / "state.db").read_bytes(), (folder / "state.db-wal").read_bytes()
    died.close()
    return content


def set_aside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("state.db.corrupt-*"))


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"no database" * 100)

    store = opened(tmp_path)

    assert set_aside(tmp_path) == ["state.db.corrupt-20260301T040506Z"]
    assert "state.db.corrupt-20260301T040506Z" in store.problem
    assert report(store) == NOW_S
    store.close()
    assert opened(tmp_path).counts() == OutcomeCounts(accepted=1)


def test_damage_in_old_history_is_found_at_the_start(tmp_path: Path) -> None:
    path = file_of(tmp_path, reports=60)
    content = bytearray(path.read_bytes())
    middle = len(content) // 1024 * 512
    content[middle : middle + 512] = b"\xff" * 512
    path.write_bytes(content)

    opened(tmp_path)

    assert len(set_aside(tmp_path)) == 1


def test_only_the_newest_damaged_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "state.db.corrupt-20250101T000000Z").write_bytes(b"")
    (tmp_path / "state.db").write_bytes(b"no database" * 100)

    opened(tmp_path)

    assert set_aside(tmp_path) == ["state.db.corrupt-20260301T040506Z"]


def test_the_log_of_a_damaged_file_is_not_applied_to_the_new_one(tmp_path: Path) -> None:
    died = opened(tmp_path)
    for _ in range(3):
        report(died)
    assert (tmp_path / "state.db-wal").stat().st_size > 0
    (tmp_path / "state.db").write_bytes(b"no database" * 100)

    store = opened(tmp_path)

    assert store.counts() == OutcomeCounts()
    died.close()


def test_a_file_with_other_tables_is_set_aside(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.execute("CREATE TABLE head (x)")

    store = opened(tmp_path)

    assert len(set_aside(tmp_path)) == 1
    assert report(store) == NOW_S


def test_a_file_damaged_under_way_is_set_aside_and_ids_go_on(tmp_path: Path) -> None:
    store = opened(tmp_path)
    first = report(store)
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("DROP TABLE reports")

    second = report(store)

    assert second == first + 1
    assert len(set_aside(tmp_path)) == 1
    assert store.counts() == OutcomeCounts(accepted=2)
    store.close()


@effort(max_examples=80, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 16_000), st.integers(1, 255)), max_size=12),
    cut=st.none() | st.integers(0, 16_000),
)
def test_no_damage_of_the_file_stops_the_store(
    tmp_path_factory: pytest.TempPathFactory,
    sound: bytes,
    flips: list[tuple[int, int]],
    cut: int | None,
) -> None:
    path = tmp_path_factory.mktemp("state") / "state.db"
    content = bytearray(sound[:cut])
    for position, change in flips:
        if content:
            content[position % len(content)] ^= change
    path.write_bytes(content)

    store = opened(path.parent)
    ids = [report(store) for _ in range(3)]
    store.close()

    assert 0 < ids[0] < ids[1] < ids[2] <= 2**53 - 1
    assert store.counts().accepted >= 3
    assert opened(path.parent).next_report_id() > 0


@effort(max_examples=40, deadline=None)
@given(position=st.integers(0, 20_000), change=st.binary(min_size=1, max_size=600))
def test_no_damage_of_the_log_stops_the_store(
    tmp_path_factory: pytest.TempPathFactory,
    sound_log: tuple[bytes, bytes],
    position: int,
    change: bytes,
) -> None:
    folder = tmp_path_factory.mktemp("state")
    database, log = sound_log[0], bytearray(sound_log[1])
    start = position % len(log)
    log[start : start + len(change)] = change
    (folder / "state.db").write_bytes(database)
    (folder / "state.db-wal").write_bytes(log)

    store = opened(folder)
    ids = [report(store) for _ in range(2)]

    assert 0 < ids[0] < ids[1]
    store.close()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = file_of(tmp_path, reports=3)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version = 99")
    content = path.read_bytes()

    store = opened(tmp_path)
    ids = [report(store) for _ in range(3)]
    store.close()

    assert "version 99" in store.problem
    assert "install the newer devicewarden" in store.problem
    assert ids == [NOW_S, NOW_S + 1, NOW_S + 2]
    assert path.read_bytes() == content
    assert set_aside(tmp_path) == []


def file_in_the_way(path: Path) -> Callable[[], None]:
    path.parent.write_text("not a folder")
    return path.parent.unlink


def folder_in_the_way(path: Path) -> Callable[[], None]:
    path.mkdir(parents=True)
    return path.rmdir


@pytest.mark.parametrize("obstruct", [file_in_the_way, folder_in_the_way])
def test_where_no_file_can_be_the_store_goes_on_in_memory_until_it_can(
    tmp_path: Path, obstruct: Callable[[Path], Callable[[], None]]
) -> None:
    folder = tmp_path / "state"
    clear = obstruct(folder / "state.db")

    store = opened(folder)
    before = [report(store) for _ in range(3)]
    problem = store.problem
    clear()
    after = report(store)
    store.close()

    assert str(folder) in problem
    assert "make" in problem
    assert store.problem == ""
    assert [*before, after] == [NOW_S, NOW_S + 1, NOW_S + 2, NOW_S + 3]
    assert opened(folder).counts() == OutcomeCounts(accepted=4)
    assert opened(folder).next_report_id() == after + 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_bridged_in_memory(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    store = opened(tmp_path)
    ids = [report(store) for _ in range(2)]
    problem = store.problem
    tmp_path.chmod(0o700)
    report(store)

    assert ids == [NOW_S, NOW_S + 1]
    assert "may write" in problem
    assert store.problem == ""


def test_a_file_deleted_under_way_is_made_anew(tmp_path: Path) -> None:
    store = opened(tmp_path)
    report(store)
    for path in tmp_path.iterdir():
        path.unlink()

    second = report(store)
    store.close()

    assert second == NOW_S + 1
    assert opened(tmp_path).next_report_id() == NOW_S + 2


def test_what_memory_cannot_hold_is_still_counted(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("not a folder")
    store = opened(tmp_path / "state")
    for _ in range(1100):
        store.record(NOW_S, NOW, Missed("disk"), 0)
    (tmp_path / "state").unlink()

    store.flush()
    store.close()

    assert opened(tmp_path / "state").counts() == OutcomeCounts(missed=1100)


def test_a_folder_name_that_no_file_system_takes_is_survived() -> None:
    store = opened(Path("/\0"))

    assert report(store) == NOW_S
    assert store.problem != ""
