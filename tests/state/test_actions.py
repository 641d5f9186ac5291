"""Causes are thought of once, and what became of actions is told once for each status."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devicewarden.config.settings import StateSettings
from devicewarden.model.violation import ViolationType
from devicewarden.state import action_tables
from devicewarden.state.action_tables import Told
from devicewarden.state.look import change
from devicewarden.state.state import State, open_state
from devicewarden.state.violation_records import Step

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> StateSettings:
    return StateSettings(dir=str(tmp_path))


@pytest.fixture
def state(settings: StateSettings) -> Iterator[State]:
    state = open_state(settings, lambda: NOW)
    yield state
    state.close()


def violate(state: State, name: str, kind: ViolationType = "in-alarm") -> None:
    step = Step(
        violation_id=name,
        profile="p",
        behavior="b",
        kind=kind,
        at=NOW,
        suppressed=False,
        simulated=False,
        document="{}",
    )
    state.violations.record([step], ["log"])


def ids(state: State, *, dry_run: bool = False) -> list[str]:
    return [each.id for each in state.actions.new_causes(dry_run=dry_run)]


def test_a_violation_is_new_until_it_was_thought_of(state: State) -> None:
    violate(state, "v1")
    (cause,) = state.actions.new_causes(dry_run=True)

    state.actions.think_of([(cause, "")], dry_run=True)

    assert ids(state, dry_run=True) == []
    assert ids(state) == ["v1"]


def test_a_violation_that_is_over_is_not_new(state: State) -> None:
    violate(state, "v1")
    violate(state, "v1", "alarm-cleared")

    assert ids(state) == []


def test_a_plan_waits_until_root_was_asked(state: State) -> None:
    violate(state, "v1")
    (cause,) = state.actions.new_causes(dry_run=False)
    state.actions.think_of([(cause, "a plan")], dry_run=False)
    waiting = state.actions.unasked()

    state.actions.asked()

    assert waiting == (("violation-v1-0", "a plan"),)
    assert state.actions.unasked() == ()


def test_a_status_goes_to_all_sinks_and_a_dry_run_to_the_log_alone(state: State) -> None:
    state.actions.record(
        [Told("a", "SUCCESSFUL", "{}", quiet=False), Told("b", "SKIPPED", "{}", quiet=True)],
        ["log", "mqtt"],
    )
    state.actions.record([Told("a", "SUCCESSFUL", "{}", quiet=False)], ["log", "mqtt"])

    waiting = {name: counts.waiting for name, counts in state.outbox.counts().items()}
    assert waiting == {"log": 2, "mqtt": 1}


def test_causes_that_last_are_not_forgotten(state: State, settings: StateSettings) -> None:
    violate(state, "v1")
    (cause,) = state.actions.new_causes(dry_run=False)
    state.actions.think_of([(cause, "")], dry_run=False)

    later = NOW + timedelta(days=400)
    change(settings, lambda db: action_tables.forget_old(db, later))

    assert ids(state) == []
