"""The ledger is in the state file, one process has it at a time, and sinks hear how things end."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.mitigate.account.scene import ACCOUNT
from tests.mitigate.account.test_documents import DONE

from devicewarden.config.settings import StateSettings
from devicewarden.mitigate.account.ledger import StateLedger, taken
from devicewarden.model.errors import MitigationError, StateError
from devicewarden.state.account_actions import Kept
from devicewarden.state.own import transact

KEPT = Kept(record=DONE, account=ACCOUNT, memory={"policyName": "fleet"})


def ledger_in(folder: Path) -> StateLedger:
    return StateLedger(
        StateSettings(dir=str(folder)), ("log", "hook"), lambda record: json.dumps(record.name)
    )


def test_what_is_kept_is_recalled_by_another_process(tmp_path: Path) -> None:
    with taken(ledger_in(tmp_path)) as ledger:
        ledger.keep(KEPT)

    assert ledger_in(tmp_path).recall(DONE.action_id) == KEPT


def test_sinks_are_told_of_each_end_once(tmp_path: Path) -> None:
    ledger = ledger_in(tmp_path)
    begun = replace(KEPT, record=replace(DONE, status="IN_PROGRESS", ended_at=None))
    for kept in (begun, KEPT, KEPT):
        ledger.keep(kept)

    told = transact(
        ledger.settings,
        lambda db: db.execute("SELECT sink, kind, payload FROM outbox ORDER BY place").fetchall(),
    )
    assert told == [("log", "action", b'"blank-policy"'), ("hook", "action", b'"blank-policy"')]


def test_two_cannot_act_at_once(tmp_path: Path) -> None:
    with taken(ledger_in(tmp_path)), pytest.raises(MitigationError, match="another"):
        taken(ledger_in(tmp_path)).__enter__()


def test_the_next_one_may_act(tmp_path: Path) -> None:
    for _ in range(2):
        with taken(ledger_in(tmp_path)) as ledger:
            assert ledger.recall("a" * 32) is None


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    (tmp_path / "account-actions.lock").symlink_to(target)

    with pytest.raises(StateError, match="cannot be used"):
        taken(ledger_in(tmp_path)).__enter__()

    assert not target.exists()
