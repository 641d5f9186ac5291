"""Findings and audits as the state file knows them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from devicewarden.model.audit import Audit, AuditFinding, FindingEvent
from devicewarden.model.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Writers:
    """How what is recorded is written as documents; what AWS's shape is, this room does not know.

    Attributes:
        finding: a finding of an audit as JSON.
        event: such a document, what happened, and when, as sinks deliver it.
        completed: that an audit is over, as sinks deliver it.
    """

    finding: Callable[[Audit, AuditFinding], str]
    event: Callable[[str, FindingEvent, datetime], str]
    completed: Callable[[Audit], str]


class Recorded(NamedTuple):
    """What became of an audit's findings.

    Attributes:
        audit: with the ids under which its findings are kept.
        opened: found for the first time.
        changed: graver than before, of another code, suppressed or no longer so.
        resolved: no longer found.
        untold: events beyond what is told after one audit.
        unkept: findings beyond what is kept.
    """

    audit: Audit
    opened: int = 0
    changed: int = 0
    resolved: int = 0
    untold: int = 0
    unkept: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFinding:
    """A finding as it stands.

    Attributes:
        finding_id: the same as long as it lasts.
        scope: `device`, or the account's 12 digits.
        check: name of the check in kebab case.
        resource: identifier of the resource, as JSON.
        opened_at: when it was found first, aware UTC.
        seen_at: when it was found last.
        closed_at: when an audit no longer found it; None: it lasts.
        document: as JSON in AWS's shape.
    """

    finding_id: str
    scope: str
    check: str
    resource: str
    code: str
    severity: Severity
    suppressed: bool
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None
    document: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Which findings are wanted; what is None does not matter.

    Attributes:
        since: lasting, or closed since then.
        closed: those that were resolved, too.
        check: name of their check.
        least: severity that they have at least.
    """

    since: datetime | None = None
    closed: bool = False
    check: str | None = None
    least: Severity = "LOW"
