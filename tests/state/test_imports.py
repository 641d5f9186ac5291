"""Baselines that commands leave for the daemon: it takes each once, and none is overwritten."""

from pathlib import Path

import pytest
from tests.state.scene import START, opened

from devicewarden.config.settings import StateSettings
from devicewarden.state.look import change, look
from devicewarden.state.snapshots import Snapshot, put_imports, saved_at
from devicewarden.state.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = opened(tmp_path)
    state.snapshots.save("baseline", {"a": Snapshot(1, b"own"), "b": Snapshot(1, b"other")})
    state.tick()
    state.reports.next_report_id()
    return state


def leave(folder: Path, **imports: bytes) -> None:
    named = {name: Snapshot(1, data) for name, data in imports.items()}
    change(StateSettings(dir=str(folder)), lambda db: put_imports(db, named, START))


def test_import_takes_the_place_of_the_baseline_and_is_given_once(
    state: State, tmp_path: Path
) -> None:
    leave(tmp_path, a=b"golden")

    taken = [state.snapshots.take_imports(), state.snapshots.take_imports()]

    assert taken == [{"a": b"golden"}, {}]
    assert state.snapshots.load("baseline", "a", 1) == b"golden"
    assert state.snapshots.load("baseline", "b", 1) == b"other"


def test_empty_import_asks_to_forget(state: State, tmp_path: Path) -> None:
    leave(tmp_path, a=b"")

    assert state.snapshots.take_imports() == {"a": b""}
    assert state.snapshots.names("baseline") == ("b",)


def test_import_survives_a_daemon_that_saves_its_own_baseline_before(
    state: State, tmp_path: Path
) -> None:
    leave(tmp_path, a=b"golden")
    state.snapshots.save("baseline", {"a": Snapshot(1, b"newer, but its own")})

    state.snapshots.take_imports()

    assert state.snapshots.load("baseline", "a", 1) == b"golden"


def test_import_that_comes_while_another_is_taken_is_not_lost(state: State, tmp_path: Path) -> None:
    leave(tmp_path, a=b"first")
    state.snapshots.take_imports()
    leave(tmp_path, a=b"second")

    state.close()

    assert opened(tmp_path).snapshots.take_imports() == {"a": b"second"}


def test_damaged_import_leaves_the_baseline_as_it_was(state: State, tmp_path: Path) -> None:
    leave(tmp_path, a=b"golden")
    settings = StateSettings(dir=str(tmp_path))
    change(
        settings, lambda db: db.execute("UPDATE snapshots SET data = x'00' WHERE kind = 'import'")
    )

    assert state.snapshots.take_imports() == {}
    assert state.snapshots.load("baseline", "a", 1) == b"own"
    assert state.snapshots.names("import") == ()


def test_a_snapshot_tells_when_it_changed_last(state: State, tmp_path: Path) -> None:
    del state
    settings = StateSettings(dir=str(tmp_path))

    assert look(settings, lambda db: (saved_at(db, "baseline", "a"),)) == (START,)
    assert look(settings, lambda db: (saved_at(db, "baseline", "z"),)) == (None,)
