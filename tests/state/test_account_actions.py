"""What was done in an account is known after a restart, and told to the sinks once."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devicewarden.config.settings import StateSettings
from devicewarden.model.action import ActionRecord, Cause
from devicewarden.state.account_actions import KEPT, Kept, keep, list_actions, recall
from devicewarden.state.own import transact

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
RECORD = ActionRecord(
    action_id="a" * 32,
    cause=Cause("finding", "f" * 32),
    name="blank-policy",
    type="REPLACE_DEFAULT_POLICY_VERSION",
    task_id="task",
    status="IN_PROGRESS",
    description="what is done",
    started_at=START,
)
BEGUN = Kept(record=RECORD, account="123456789012", memory={"policyName": "fleet", "previous": "1"})
DONE = replace(BEGUN, record=replace(RECORD, status="SUCCESSFUL", ended_at=START))


@pytest.fixture
def settings(tmp_path: Path) -> StateSettings:
    return StateSettings(dir=str(tmp_path))


@pytest.mark.parametrize("kept", [BEGUN, DONE], ids=["begun", "done"])
def test_an_action_comes_back_as_it_was_kept(settings: StateSettings, kept: Kept) -> None:
    transact(settings, lambda db: keep(db, kept))

    assert transact(settings, lambda db: recall(db, "a" * 32)) == kept


def test_what_was_never_begun_is_not_known(settings: StateSettings) -> None:
    assert transact(settings, lambda db: recall(db, "b" * 32)) is None


def test_how_it_stands_replaces_how_it_stood(settings: StateSettings) -> None:
    transact(settings, lambda db: keep(db, BEGUN))
    transact(settings, lambda db: keep(db, DONE))

    assert transact(settings, list_actions) == (DONE,)


def test_what_others_said_is_cut_to_what_is_kept(settings: StateSettings) -> None:
    loud = replace(DONE, record=replace(DONE.record, message="x" * 1_000_000 + "\ud800"))
    transact(settings, lambda db: keep(db, loud))

    (kept,) = transact(settings, list_actions)

    assert len(kept.record.message) == 2048


def test_the_oldest_are_forgotten(settings: StateSettings) -> None:
    def fill(db: sqlite3.Connection) -> None:
        db.executemany(
            "INSERT INTO account_actions VALUES (?, ?, '1', 'finding', 'f', 'n',"
            " 'ENABLE_IOT_LOGGING', 't', 'SUCCESSFUL', '', '', 0, 0, '{}')",
            [(place, str(place)) for place in range(1, KEPT + 1)],
        )

    transact(settings, fill)
    transact(settings, lambda db: keep(db, DONE))

    kept = transact(settings, list_actions)
    assert len(kept) == KEPT
    assert "1" not in {each.record.action_id for each in kept}


@pytest.mark.parametrize(
    "damage",
    ["status = 'NONSENSE'", "type = 'QUARANTINE'", "cause_kind = 'whim'", "memory = 'no JSON'"],
)
def test_a_row_that_makes_no_sense_is_told_as_damage(settings: StateSettings, damage: str) -> None:
    transact(settings, lambda db: keep(db, DONE))
    transact(settings, lambda db: db.execute(f"UPDATE account_actions SET {damage}"))  # noqa: S608

    with pytest.raises(Exception, match="damaged"):
        transact(settings, list_actions)
