"""One audit: when it ran, over what, how each check ended, and what it found."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from devicewarden.model.finding import CheckRun, Finding, Severity

SEVERITIES: Final[tuple[Severity, ...]] = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
"""The gravest first."""

DEVICE: Final = "device"
"""Scope of an audit of this device; of an account it is its 12 digits."""


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
    """

    task_id: str
    scope: str
    schedule: str
    started_at: datetime
    ended_at: datetime
    findings: tuple[AuditFinding, ...]
    runs: tuple[CheckRun, ...]


def identifier_text(identifier: Mapping[str, Any]) -> str:
    """Write a resource's identifier such that equal ones are equal texts."""
    return json.dumps(identifier, sort_keys=True, separators=(",", ":"))


def finding_key(scope: str, finding: Finding) -> str:
    """Tell what makes two findings of two nights the same: 32 hexadecimal digits."""
    parts = (scope, finding.check, identifier_text(finding.resource.identifier), finding.code)
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:32]


def at_least(severity: Severity, least: Severity) -> bool:
    """Tell whether one severity is as grave as another, or graver."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(least)
