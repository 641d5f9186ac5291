"""The tables of mitigation: which causes were thought of, and what became of actions."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from devicewarden.state import outbox
from devicewarden.state.columns import slowly, storable, to_ms

KEPT: Final = timedelta(days=90)
"""As AWS keeps the history of mitigation actions."""

AT_ONCE: Final = 25
"""Causes that are thought of in one look: a scan must not keep the agent busy."""

_LONGEST_PLAN: Final = 131_072

CauseKind: TypeAlias = Literal["violation", "finding"]


class NewCause(NamedTuple):
    """Something that nobody has thought of yet.

    Attributes:
        kind: what it is.
        id: of it.
        document: the violation's first event, or the finding, as JSON.
    """

    kind: CauseKind
    id: str
    document: dict[str, Any]


class Told(NamedTuple):
    """What became of one action, as sinks are told of it.

    Attributes:
        action_id: of the action.
        status: of it; each is told once.
        document: as JSON.
        quiet: a dry run.
    """

    action_id: str
    status: str
    document: str
    quiet: bool


def new_causes(db: sqlite3.Connection, *, dry_run: bool) -> tuple[NewCause, ...]:
    """Give violations in alarm and findings that last, neither suppressed nor simulated."""
    mode = {"mode": int(dry_run), "most": AT_ONCE}
    violations = db.execute(
        "SELECT v.violation_id, document FROM violations v JOIN violation_events e"
        " ON e.violation_id = v.violation_id AND e.kind = 'in-alarm'"
        " WHERE v.kind = 'in-alarm' AND NOT suppressed AND NOT simulated AND NOT EXISTS"
        " (SELECT 1 FROM causes c WHERE c.kind = 'violation' AND c.id = v.violation_id"
        " AND c.dry_run = :mode) ORDER BY opened_at LIMIT :most",
        mode,
    ).fetchall()
    findings = db.execute(
        "SELECT finding_id, document FROM findings f WHERE closed_at IS NULL AND NOT suppressed"
        " AND NOT EXISTS (SELECT 1 FROM causes c WHERE c.kind = 'finding' AND c.id = f.finding_id"
        " AND c.dry_run = :mode) ORDER BY opened_at LIMIT :most",
        mode,
    ).fetchall()
    return (
        *(NewCause("violation", name, json.loads(text)) for name, text in violations),
        *(NewCause("finding", name, json.loads(text)) for name, text in findings),
    )


def lasting(db: sqlite3.Connection, checks: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """Give the findings of these checks that last and are not suppressed, the oldest first."""
    rows = db.execute(
        "SELECT document FROM findings WHERE closed_at IS NULL AND NOT suppressed"
        " AND name IN (SELECT value FROM json_each(?)) ORDER BY opened_at LIMIT ?",
        (json.dumps(checks), AT_ONCE),
    )
    return tuple(json.loads(text) for (text,) in rows)


def think_of(
    db: sqlite3.Connection, cause: NewCause, plan: str, at: datetime, *, dry_run: bool
) -> None:
    """Record that a cause was thought of; `plan`: what root is to be asked, empty: nothing."""
    db.execute(
        "INSERT OR IGNORE INTO causes (kind, id, dry_run, at, plan) VALUES (?, ?, ?, ?, ?)",
        (cause.kind, cause.id, dry_run, to_ms(at), storable(plan, _LONGEST_PLAN)),
    )


def unasked(db: sqlite3.Connection) -> tuple[tuple[str, str], ...]:
    """Give plans that root may not have been asked for yet: a name for each, and its text."""
    rows = db.execute("SELECT kind, id, dry_run, plan FROM causes WHERE plan != ''")
    return tuple((f"{kind}-{name}-{dry_run}", plan) for kind, name, dry_run, plan in rows)


def asked(db: sqlite3.Connection) -> None:
    """Forget the plans that root was asked for: all of them."""
    db.execute("UPDATE causes SET plan = '' WHERE plan != ''")


def record(db: sqlite3.Connection, told: Told, at: datetime, sinks: Sequence[str]) -> bool:
    """Record what became of an action and put it in the outbox; False: that is known."""
    new = db.execute(
        "INSERT INTO actions (action_id, status, at, document) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (action_id) DO UPDATE SET status = excluded.status, at = excluded.at,"
        " document = excluded.document WHERE status != excluded.status",
        (told.action_id, told.status, to_ms(at), told.document),
    ).rowcount
    if new:
        outbox.put(
            db,
            outbox.entries(
                f"{told.action_id}-{told.status}",
                sinks,
                told.document.encode(),
                put_at=at,
                quiet=told.quiet,
                kind="action",
            ),
        )
    return bool(new)


def statuses(db: sqlite3.Connection) -> dict[str, str]:
    """Tell the status of each action that was told of, by its id."""
    return dict(db.execute("SELECT action_id, status FROM actions").fetchall())


def forget_old(db: sqlite3.Connection, now: datetime) -> None:
    """Delete what is old; a cause that lasts longer would be thought of anew, and so stays."""
    (earliest,) = db.execute("SELECT min(at) FROM causes").fetchone()
    old = slowly(to_ms(now - KEPT), earliest)
    db.execute("DELETE FROM actions WHERE at < ?", (to_ms(now - KEPT),))
    db.execute(
        "DELETE FROM causes WHERE at < ? AND plan = ''"
        " AND id NOT IN (SELECT violation_id FROM violations)"
        " AND id NOT IN (SELECT finding_id FROM findings)",
        (old,),
    )
