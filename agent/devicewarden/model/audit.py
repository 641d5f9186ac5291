"""One audit: when it ran, over what, how each check ended, and what it found."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from devicewarden.model.finding import CheckRun, Finding, Severity

SEVERITIES: Final[tuple[Severity, ...]] = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
"""The gravest first."""

DEVICE: Final = "device"
"""Scope of an audit of this device; of an account it is its 12 digits."""


Frequency: TypeAlias = Literal["DAILY", "WEEKLY", "BIWEEKLY", "MONTHLY"]
Day: TypeAlias = Literal["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]
"""In the order of `datetime.weekday`."""

LAST_DAY: Final = 31
"""`LAST` of AWS: a month without this day has its last day in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledAudit:
    """An audit that comes again; times are UTC.

    Attributes:
        name: unique among the scheduled audits.
        frequency: how often.
        day_of_week: of a WEEKLY or BIWEEKLY one, else None.
        day_of_month: 1 to LAST_DAY of a MONTHLY one, else None.
        checks: names in kebab case; empty: all that are enabled.

    Source: CreateScheduledAudit of the AWS IoT API.
    """

    name: str
    frequency: Frequency
    day_of_week: Day | None = None
    day_of_month: int | None = None
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFinding:
    """A finding as one audit tells it.

    Attributes:
        finding_id: the same each night while it lasts; 32 hexadecimal digits.
        suppressed: people decided not to hear of it.
        finding: what does not comply, and why.
    """

    finding_id: str
    suppressed: bool
    finding: Finding


FindingEvent: TypeAlias = Literal["finding-opened", "finding-changed", "finding-resolved"]
"""What people are told of, once each: that it is new, or graver or suppressed or of another code,
or that an audit no longer found it, or its check is switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """An audit that is over.

    Attributes:
        task_id: 32 hexadecimal digits, new for each audit.
        scope: DEVICE, or the account's 12 digits.
        schedule: name of the scheduled audit; empty: on demand.
        started_at: aware UTC time, and the instant as of which was judged.
        ended_at: aware UTC time.
        findings: the gravest first, then by check and resource.
        runs: how each check ended, in the order of the registry.
        switched_off: checks that a document switched off: what they found is over.
    """

    task_id: str
    scope: str
    schedule: str
    started_at: datetime
    ended_at: datetime
    findings: tuple[AuditFinding, ...]
    runs: tuple[CheckRun, ...]
    switched_off: tuple[str, ...] = ()


def identifier_text(identifier: Mapping[str, Any]) -> str:
    """Write a resource's identifier such that equal ones are equal texts."""
    return json.dumps(identifier, sort_keys=True, separators=(",", ":"))


def identifier_label(identifier: Mapping[str, Any]) -> str:
    """Write a resource's identifier for people: its values alone."""
    values = [
        identifier_label(each) if isinstance(each, dict) else str(each)
        for each in identifier.values()
    ]
    return "/".join(values)


def finding_key(scope: str, finding: Finding) -> str:
    """Tell what makes two findings of two nights the same: 32 hexadecimal digits."""
    parts = (scope, finding.check, identifier_text(finding.resource.identifier), finding.code)
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:32]


def at_least(severity: Severity, least: Severity) -> bool:
    """Tell whether one severity is as grave as another, or graver."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(least)
