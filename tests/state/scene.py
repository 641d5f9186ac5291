"""A clock that tests set, and violations, as the tests of the state file need them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from devicewarden.config.settings import StateSettings
from devicewarden.model.violation import ViolationType
from devicewarden.state.state import State, open_state
from devicewarden.state.store import Store
from devicewarden.state.violation_records import Step

START = datetime(2026, 3, 1, tzinfo=UTC)
SINKS = ("log", "mqtt")


class Clock:
    """A wall clock that tests set."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **spans: float) -> None:
        self.now += timedelta(**spans)


def opened(folder: Path, clock: Clock | None = None, **settings: Any) -> State:
    return open_state(StateSettings(dir=str(folder), **settings), clock or Clock())


def step(
    violation_id: str = "a1", kind: ViolationType = "in-alarm", at: datetime = START, **other: Any
) -> Step:
    document = json.dumps({"violationId": violation_id, "violationEventType": kind})
    facts = {
        "profile": "edge",
        "behavior": "few-ports",
        "suppressed": False,
        "simulated": False,
        "document": document,
    }
    return Step(violation_id=violation_id, kind=kind, at=at, **{**facts, **other})


def open_store(settings: StateSettings, now: Callable[[], datetime]) -> Store:
    """Open the part of the state that reports need."""
    return open_state(settings, now).reports


def steady(state: State, clock: Clock, hours: int = 2) -> None:
    """Let the clock go on for some hours; after the first it is believed, after two all is kept."""
    state.tick()
    for _ in range(hours):
        clock.turn(hours=1)
        state.tick()


def drained(state: State, sink: str) -> list[str]:
    """Take everything out of a sink's queue; the ids of its events."""
    ids = []
    while entry := state.outbox.next(sink):
        ids.append(entry.event_id)
        state.outbox.done(entry)
    return ids
