"""Jobs that were begun, and how they ended: what a restart, or a replay, must not do twice."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from devicewarden.model.job import JobStatus
from devicewarden.state.columns import storable
from devicewarden.state.journal import Journal

KEPT: Final = 200
"""Jobs that are remembered, the newest ones."""

_LONGEST_ID: Final = 64


@dataclass(frozen=True, slots=True)
class JobEnd:
    """How a job ended here; `details` are names and texts, as the service is told them."""

    status: JobStatus
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Begun:
    """A job that was begun: how often, and how it ended; None: not yet."""

    times: int
    end: JobEnd | None


class JobMemory:
    """Remembers executions of jobs. No method raises because of the disk."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def recall(self, job_id: str, number: int) -> Begun | None:
        """Tell what is known of an execution; None: it was never begun."""
        found = self._journal.read(lambda db: (_begun(db, job_id, number),))
        return found[0] if found else None

    def begin(self, job_id: str, number: int) -> bool:
        """Note that an execution begins, once more; False: that is not durable, so leave it."""

        def work(db: sqlite3.Connection) -> bool:
            key = (storable(job_id, _LONGEST_ID), number)
            db.execute(
                "INSERT INTO jobs (job_id, number, times) VALUES (?, ?, 1)"
                " ON CONFLICT DO UPDATE SET times = times + 1",
                key,
            )
            db.execute("DELETE FROM jobs WHERE place <= (SELECT max(place) FROM jobs) - ?", (KEPT,))
            return True

        return self._journal.write(work) is not None

    def end(self, job_id: str, number: int, end: JobEnd) -> bool:
        """Note how it ended; False: that is not durable."""

        def work(db: sqlite3.Connection) -> bool:
            db.execute(
                "UPDATE jobs SET status = ?, details = ? WHERE job_id = ? AND number = ?",
                (end.status, json.dumps(dict(end.details)), storable(job_id, _LONGEST_ID), number),
            )
            return True

        return self._journal.write(work) is not None


def _begun(db: sqlite3.Connection, job_id: str, number: int) -> Begun | None:
    row = db.execute(
        "SELECT times, status, details FROM jobs WHERE job_id = ? AND number = ?", (job_id, number)
    ).fetchone()
    if row is None:
        return None
    times, status, details = row
    return Begun(times, None if status is None else JobEnd(status, json.loads(details)))
