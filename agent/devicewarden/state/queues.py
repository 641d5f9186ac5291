"""How the queue of each sink is doing, for people: the daemon does without."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from devicewarden.state.columns import from_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """How one sink's queue is doing.

    Attributes:
        waiting: entries that the sink does not have yet.
        oldest_at: when the first of them was put there; None: there is none.
        size_bytes: their payloads together.
        dropped: too old, or too many, since the state file began.
        refused: those that the sink will never take, since the state file began.
        last_error: why the last delivery failed; empty: it did not.
    """

    waiting: int = 0
    oldest_at: datetime | None = None
    size_bytes: int = 0
    dropped: int = 0
    refused: int = 0
    last_error: str = ""


def queues(db: sqlite3.Connection) -> Mapping[str, QueueState]:
    """Tell how the queue of each sink is doing, by name; sinks with nothing to tell are absent."""
    found = {
        name: QueueState(dropped=dropped, refused=refused, last_error=error)
        for name, dropped, refused, error in db.execute(
            "SELECT name, dropped, refused, error FROM sinks"
        )
    }
    waiting = db.execute(
        "SELECT sink, count(*), min(put_at), sum(length(payload)) FROM outbox GROUP BY sink"
    )
    for sink, number, oldest, size_bytes in waiting:
        found[sink] = replace(
            found.get(sink, QueueState()),
            waiting=number,
            oldest_at=from_ms(oldest),
            size_bytes=size_bytes,
        )
    return found
