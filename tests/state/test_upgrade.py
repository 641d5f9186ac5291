"""State files of earlier versions keep what is in them."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tests.state.scene import SINKS, START, Clock, drained, opened, step

from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import StateError
from devicewarden.model.outcome import Accepted
from devicewarden.state.history import OutcomeCounts, ReportRecord
from devicewarden.state.look import look
from devicewarden.state.schema import VERSION

VERSION_1 = Path(__file__).parent.parent / "data" / "state" / "version-1.db"
"""Written by version 1: six reports from 2026-03-01, five minutes apart."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(VERSION_1, tmp_path / "state.db")
    return tmp_path


def version(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_the_recorded_file_is_of_version_1(folder: Path) -> None:
    assert version(folder) == 1


def test_reports_of_version_1_are_kept(folder: Path) -> None:
    state = opened(folder)

    last_id = int(START.timestamp()) + 1500
    assert state.problem == ""
    assert state.reports.counts() == OutcomeCounts(
        accepted=2, acknowledged=1, rejected=1, no_reply=1, missed=1
    )
    assert state.reports.last_report() == ReportRecord(
        report_id=last_id,
        ended_at=START + timedelta(seconds=1500),
        outcome=Accepted(),
        size_bytes=812,
    )
    assert state.reports.next_report_id() == last_id + 1


def test_an_upgraded_file_takes_what_is_new(folder: Path) -> None:
    state = opened(folder, Clock())
    state.violations.record([step()], SINKS)
    state.close()

    assert version(folder) == VERSION
    assert drained(opened(folder), "mqtt") == ["a1-in-alarm"]


def test_a_command_tells_that_a_file_is_not_upgraded_yet(folder: Path) -> None:
    with pytest.raises(StateError, match="version 1") as caught:
        look(StateSettings(dir=str(folder)), lambda _db: None)

    assert "restart" in caught.value.hint
    assert version(folder) == 1
