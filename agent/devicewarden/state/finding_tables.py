"""The tables of findings and audits: one audit goes in, in one transaction with its events."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from devicewarden.model.audit import SEVERITIES, Audit, AuditFinding, FindingEvent, identifier_text
from devicewarden.state import outbox
from devicewarden.state.columns import from_ms, read_object, to_ms
from devicewarden.state.finding_changes import Changes, Lasting, OpenFinding, compare
from devicewarden.state.finding_records import FindingFilter, KeptFinding, Recorded, Writers

if TYPE_CHECKING:
    from devicewarden.model.finding import Severity

KEPT: Final = timedelta(days=90)
"""Since it was found last, as AWS keeps them."""

MAX_TOLD: Final = 1000
"""Events of one audit; a sink's outbox holds about so many."""

_COLUMNS: Final = (
    "finding_id, scope, name, resource, code, severity, suppressed, opened_at, seen_at, closed_at,"
    " document"
)


class _Event(NamedTuple):
    finding_id: str
    revision: int
    kind: FindingEvent
    quiet: bool
    document: str


def record(
    db: sqlite3.Connection, audit: Audit, sinks: Sequence[str], writers: Writers
) -> Recorded:
    """Record an audit, and put what changed since the one before in the outbox.

    Args:
        db: in a transaction.
        audit: what it found replaces what was found before in the same scope.
        sinks: names; of suppressed findings the log alone hears.
        writers: of documents.
    """
    changes = compare(_open(db, audit.scope), audit)
    events = [
        *_insert(db, changes, audit, writers),
        *_update(db, changes.lasting, audit, writers),
        *_close(db, changes.resolved, audit.started_at),
    ]
    for event in events[:MAX_TOLD]:
        text = writers.event(event.document, event.kind, audit.started_at)
        _put(db, f"{event.finding_id}-{event.revision}", text, audit, sinks, event)
    findings = sorted(changes.findings(), key=_place)
    kept = replace(audit, findings=tuple(findings))
    _finish(db, kept, writers.completed(kept), sinks)
    return Recorded(
        audit=kept,
        opened=len(changes.opened),
        changed=sum(each.changed for each in changes.lasting),
        resolved=len(changes.resolved),
        untold=max(len(events) - MAX_TOLD, 0),
        unkept=len(changes.unkept),
    )


def find(db: sqlite3.Connection, wanted: FindingFilter) -> tuple[KeptFinding, ...]:
    """Look findings up: open ones first, the gravest first."""
    since = None if wanted.since is None else to_ms(wanted.since)
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM findings WHERE (closed_at IS NULL OR :closed)"  # noqa: S608  ours
        " AND (:since IS NULL OR closed_at IS NULL OR closed_at >= :since)"
        " AND (:name IS NULL OR name = :name)",
        {"closed": wanted.closed, "since": since, "name": wanted.check},
    )
    found = [each for each in map(_kept, rows) if _rank(each.severity) <= _rank(wanted.least)]
    found.sort(key=lambda each: (each.closed_at is not None, _rank(each.severity), each.opened_at))
    return tuple(found)


def show(db: sqlite3.Connection, finding_id: str) -> KeptFinding | None:
    """Give one finding; None: there is none such."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM findings WHERE finding_id = ?",  # noqa: S608  our columns
        (finding_id,),
    ).fetchone()
    return None if row is None else _kept(row)


def last_audit(db: sqlite3.Connection, scope: str, schedule: str) -> datetime | None:
    """Tell when a scheduled audit last began; None: it is not known to have run."""
    (started_at,) = db.execute(
        "SELECT max(started_at) FROM audits WHERE scope = ? AND schedule = ?", (scope, schedule)
    ).fetchone()
    return None if started_at is None else from_ms(started_at)


def _open(db: sqlite3.Connection, scope: str) -> list[OpenFinding]:
    rows = db.execute(
        "SELECT finding_id, key, name, resource, code, severity, suppressed, revision, document"
        " FROM findings WHERE scope = ? AND closed_at IS NULL",
        (scope,),
    )
    return [OpenFinding(*row)._replace(suppressed=bool(row[6])) for row in rows]


def _insert(
    db: sqlite3.Connection, changes: Changes, audit: Audit, writers: Writers
) -> Iterator[_Event]:
    at = to_ms(audit.started_at)
    for key, each in changes.opened.items():
        document = writers.finding(audit, each)
        db.execute(
            "INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, NULL, ?)",
            (each.finding_id, key, audit.scope, *_facts(each), at, at, document),
        )
        yield _Event(each.finding_id, 1, "finding-opened", each.suppressed, document)


def _update(
    db: sqlite3.Connection, lasting: Iterable[Lasting], audit: Audit, writers: Writers
) -> Iterator[_Event]:
    at = to_ms(audit.started_at)
    for each in lasting:
        finding_id, revision = each.before.finding_id, each.before.revision + each.changed
        document = writers.finding(audit, each.now)
        db.execute(
            "UPDATE findings SET key = ?, name = ?, resource = ?, code = ?, severity = ?,"
            " suppressed = ?, seen_at = ?, document = ?, revision = ? WHERE finding_id = ?",
            (each.key, *_facts(each.now), at, document, revision, finding_id),
        )
        if each.changed:
            # That a finding everybody knows of is suppressed now, everybody hears.
            quiet = each.now.suppressed and each.before.suppressed
            yield _Event(finding_id, revision, "finding-changed", quiet, document)


def _close(
    db: sqlite3.Connection, resolved: Iterable[OpenFinding], at: datetime
) -> Iterator[_Event]:
    for each in resolved:
        db.execute(
            "UPDATE findings SET closed_at = ?, revision = ? WHERE finding_id = ?",
            (to_ms(at), each.revision + 1, each.finding_id),
        )
        yield _Event(
            each.finding_id, each.revision + 1, "finding-resolved", each.suppressed, each.document
        )


def _finish(db: sqlite3.Connection, audit: Audit, completed: str, sinks: Sequence[str]) -> None:
    at = to_ms(audit.started_at)
    db.execute(
        "INSERT INTO audits VALUES (?, ?, ?, ?, ?)",
        (audit.task_id, audit.scope, audit.schedule, at, completed),
    )
    _put(db, audit.task_id, completed, audit, sinks)
    old = to_ms(audit.started_at - KEPT)
    db.execute("DELETE FROM findings WHERE coalesce(closed_at, seen_at) < ?", (old,))
    db.execute("DELETE FROM audits WHERE started_at < ?", (old,))


def _put(
    db: sqlite3.Connection,
    event_id: str,
    text: str,
    audit: Audit,
    sinks: Sequence[str],
    event: _Event | None = None,
) -> None:
    outbox.put(
        db,
        outbox.entries(
            event_id,
            sinks,
            text.encode(),
            put_at=audit.ended_at,
            quiet=event is not None and event.quiet,
            kind="audit" if event is None else "finding",
        ),
    )


def _facts(each: AuditFinding) -> tuple[object, ...]:
    finding = each.finding
    resource = identifier_text(finding.resource.identifier)
    return finding.check, resource, finding.code, finding.severity, each.suppressed


def _kept(row: tuple[Any, ...]) -> KeptFinding:
    if row[5] not in SEVERITIES:
        raise ValueError(f"a finding has the impossible severity {row[5]!r}")
    read_object(row[3])
    return KeptFinding(
        finding_id=row[0],
        scope=row[1],
        check=row[2],
        resource=row[3],
        code=row[4],
        severity=cast("Severity", row[5]),
        suppressed=bool(row[6]),
        opened_at=from_ms(row[7]),
        seen_at=from_ms(row[8]),
        closed_at=None if row[9] is None else from_ms(row[9]),
        document=read_object(row[10]),
    )


def _rank(severity: str) -> int:
    return SEVERITIES.index(cast("Severity", severity))


def _place(each: AuditFinding) -> tuple[int, str, str, str]:
    finding = each.finding
    identifier = identifier_text(finding.resource.identifier)
    return _rank(finding.severity), finding.check, identifier, finding.code
