"""The tables of violations, for the daemon and for commands that look into its file."""

import re
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, cast, get_args

from devicewarden.model.errors import StateError
from devicewarden.model.violation import Verification, ViolationType
from devicewarden.state.columns import from_ms, slowly, storable, to_ms
from devicewarden.state.violation_records import Filter, Step, Verified, Violation

KEPT: Final = timedelta(days=30)
"""Since its last event, as AWS keeps them; a violation in alarm is kept as long as it lasts."""

MAX_VIOLATIONS: Final = 10_000
MAX_NOTE: Final = 1000
_PRUNE_EVERY: Final = 256
_MAX_NAME: Final = 256
_CONTROL: Final = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")
_COLUMNS: Final = (
    "violation_id, profile, behavior, kind, suppressed, simulated, opened_at, changed_at,"
    " verification, note"
)


def storable_step(step: Step) -> Step:
    """Make an event's texts such that SQLite has a place for them."""
    return replace(
        step,
        violation_id=storable(step.violation_id, _MAX_NAME),
        profile=storable(step.profile, _MAX_NAME),
        behavior=storable(step.behavior, _MAX_NAME),
        document=storable(step.document, len(step.document)),
    )


def insert(db: sqlite3.Connection, step: Step) -> bool:
    """Record a storable event; False: it is recorded already."""
    at = to_ms(step.at)
    new = db.execute(
        "INSERT OR IGNORE INTO violation_events VALUES (?, ?, ?, ?)",
        (step.violation_id, step.kind, at, step.document),
    ).rowcount
    if new:
        if db.execute("SELECT last_insert_rowid()").fetchone()[0] % _PRUNE_EVERY == 0:
            _forget_many(db)
        db.execute(
            "INSERT INTO violations (violation_id, profile, behavior, kind, suppressed, simulated,"
            " opened_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (violation_id)"
            " DO UPDATE SET kind = excluded.kind, changed_at = excluded.changed_at",
            (
                step.violation_id,
                step.profile,
                step.behavior,
                step.kind,
                step.suppressed,
                step.simulated,
                at,
                at,
            ),
        )
    return bool(new)


def find(db: sqlite3.Connection, wanted: Filter) -> tuple[Violation, ...]:
    """Look violations up, the newest first."""
    since = None if wanted.since is None else to_ms(wanted.since)
    profile = None if wanted.profile is None else storable(wanted.profile, _MAX_NAME)
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM violations WHERE (:since IS NULL OR changed_at >= :since"  # noqa: S608
        " OR kind = 'in-alarm') AND (NOT :active OR kind = 'in-alarm')"
        " AND (:profile IS NULL OR profile = :profile) AND (:kind IS NULL OR kind = :kind)"
        " ORDER BY opened_at DESC, violation_id",
        {"since": since, "active": wanted.active, "profile": profile, "kind": wanted.kind},
    )
    return tuple(map(_violation, rows))


def show(db: sqlite3.Connection, violation_id: str) -> tuple[Violation, tuple[str, ...]] | None:
    """Give a violation and the documents of its events in order; None: there is none such."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM violations WHERE violation_id = ?",  # noqa: S608  our columns
        (violation_id,),
    ).fetchone()
    if row is None:
        return None
    documents = db.execute(
        "SELECT document FROM violation_events WHERE violation_id = ? ORDER BY rowid",
        (violation_id,),
    )
    return _violation(row), tuple(document for (document,) in documents)


def check_note(note: str) -> None:
    """Refuse what AWS would.

    Raises:
        StateError: it is too long or has control characters.

    Source: VerificationStateDescription of the AWS IoT API.
    """
    if len(note) > MAX_NOTE or _CONTROL.search(note):
        raise StateError(
            f"a note has at most {MAX_NOTE} characters, none of them a control character"
        )


def verify(
    db: sqlite3.Connection, violation_id: str, verification: Verification, note: str
) -> bool:
    """Say what a violation is; False: there is none such.

    Raises:
        StateError: the note is too long or has control characters.
    """
    check_note(note)
    found = db.execute(
        "UPDATE violations SET verification = ?, note = ?, verified = verified + 1"
        " WHERE violation_id = ?",
        (verification, note, violation_id),
    )
    return found.rowcount == 1


def unapplied(db: sqlite3.Connection) -> tuple[Verified, ...]:
    """Give the verifications that had no effect yet."""
    rows = db.execute(
        "SELECT v.violation_id, profile, behavior, verification, coalesce(document, '{}'),"
        " iif(v.kind = 'in-alarm', NULL, changed_at), verified"
        " FROM violations v LEFT JOIN violation_events e"
        " ON e.violation_id = v.violation_id AND e.kind = 'in-alarm' WHERE verified > applied"
    )
    return tuple(
        Verified(
            violation_id=violation_id,
            profile=profile,
            behavior=behavior,
            verification=_one_of(Verification, verification),
            document=document,
            ended_at=None if ended_at is None else from_ms(ended_at),
            revision=revision,
        )
        for violation_id, profile, behavior, verification, document, ended_at, revision in rows
    )


def mark_applied(db: sqlite3.Connection, verified: Verified) -> bool:
    """Remember that a verification had its effect."""
    db.execute(
        "UPDATE violations SET applied = max(applied, ?) WHERE violation_id = ?",
        (verified.revision, verified.violation_id),
    )
    return True


def count(db: sqlite3.Connection) -> tuple[int, int]:
    """Count violations in alarm, and all that are kept."""
    active, kept = db.execute(
        "SELECT coalesce(sum(kind = 'in-alarm'), 0), count(*) FROM violations"
    ).fetchone()
    return active, kept


def forget_old(db: sqlite3.Connection, now: datetime) -> None:
    """Delete violations that ended too long ago."""
    (earliest,) = db.execute(
        "SELECT min(changed_at) FROM violations WHERE kind != 'in-alarm'"
    ).fetchone()
    db.execute(
        "DELETE FROM violations WHERE kind != 'in-alarm' AND changed_at < ?",
        (slowly(to_ms(now - KEPT), earliest),),
    )
    _forget_events(db)


def _forget_many(db: sqlite3.Connection) -> None:
    """Delete violations that ended longest ago where there are too many."""
    db.execute(
        "DELETE FROM violations WHERE kind != 'in-alarm' AND rowid IN (SELECT"
        " rowid FROM violations ORDER BY changed_at DESC LIMIT -1 OFFSET ?)",
        (MAX_VIOLATIONS,),
    )
    _forget_events(db)


def _forget_events(db: sqlite3.Connection) -> None:
    db.execute(
        "DELETE FROM violation_events WHERE violation_id NOT IN"
        " (SELECT violation_id FROM violations)"
    )


def _violation(row: tuple[Any, ...]) -> Violation:
    return Violation(
        violation_id=row[0],
        profile=row[1],
        behavior=row[2],
        kind=_one_of(ViolationType, row[3]),
        suppressed=bool(row[4]),
        simulated=bool(row[5]),
        opened_at=from_ms(row[6]),
        changed_at=from_ms(row[7]),
        verification=_one_of(Verification, row[8]),
        note=row[9],
    )


def _one_of(choices: Any, word: object) -> Any:
    if word not in get_args(choices):
        raise ValueError(f"a violation's row has the impossible word {word!r}")
    return cast("str", word)
