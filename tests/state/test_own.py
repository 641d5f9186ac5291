"""Root leaves nothing in the state folder that its owner cannot use."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import StateError
from devicewarden.state.own import transact
from devicewarden.state.state import open_state

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as others")
OWNER = 12345
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A state folder of somebody else; pytest's own temporary folders are closed to others."""
    with tempfile.TemporaryDirectory() as outer:
        Path(outer).chmod(0o755)
        folder = Path(outer) / "state"
        folder.mkdir(mode=0o700)
        os.chown(folder, OWNER, OWNER)
        yield folder


@needs_root
def test_what_root_writes_is_the_folder_owners(folder: Path) -> None:
    seen = []

    transact(
        StateSettings(dir=str(folder)),
        lambda _db: seen.append((os.geteuid(), {p.stat().st_uid for p in folder.iterdir()})),
    )

    assert seen == [(OWNER, {OWNER})]
    assert {path.stat().st_uid for path in folder.iterdir()} == {OWNER}
    assert (os.geteuid(), os.getegid()) == (0, 0)


@needs_root
def test_a_daemon_that_root_starts_leaves_the_files_to_the_folders_owner(folder: Path) -> None:
    state = open_state(StateSettings(dir=str(folder)), lambda: NOW)
    state.reports.next_report_id()

    assert {path.stat().st_uid for path in folder.iterdir()} == {OWNER}
    assert (state.problem, os.geteuid()) == ("", 0)
    state.close()


@needs_root
def test_an_owner_cannot_make_root_write_through_a_link(folder: Path) -> None:
    target = folder.parent / "target"
    target.touch(mode=0o600)
    (folder / "state.db").symlink_to(target)

    with pytest.raises(StateError):
        transact(StateSettings(dir=str(folder)), lambda _db: None)

    assert target.read_bytes() == b""
    assert os.geteuid() == 0
