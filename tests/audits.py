"""Audits and findings, as the tests of several rooms need them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from devicewarden.model.audit import DEVICE, Audit, AuditFinding, finding_key
from devicewarden.model.finding import CheckRun, CheckStatus, Finding, Resource

STARTED = datetime(2026, 3, 1, 2, 0, 0, 157_000, tzinfo=UTC)
EXPIRING = "device-certificate-expiring"
CERTIFICATE = Resource(
    type="DEVICE_CERTIFICATE",
    identifier={"deviceCertificateId": "4f" * 32},
    info={"EXPIRATION_TIME": "1765500000000"},
)


def found(*, suppressed: bool = False, scope: str = DEVICE, **changes: Any) -> AuditFinding:
    finding = replace(
        Finding(
            check=EXPIRING,
            severity="MEDIUM",
            resource=CERTIFICATE,
            code="CERTIFICATE_APPROACHING_EXPIRATION",
            reason="expires in 17 days",
            remedy="Issue a new one.",
        ),
        **changes,
    )
    key = finding_key(scope, finding)
    return AuditFinding(finding_id=key, suppressed=suppressed, finding=finding)


def run(check: str = EXPIRING, status: CheckStatus | None = None, **counts: Any) -> CheckRun:
    some: Mapping[str, Any] = {"resources": 3, "non_compliant": 0, "suppressed": 0, **counts}
    usual: CheckStatus = (
        "COMPLETED_NON_COMPLIANT" if some["non_compliant"] else "COMPLETED_COMPLIANT"
    )
    return CheckRun(check=check, status=status or usual, **some)


def audit(
    *findings: AuditFinding,
    night: int = 0,
    runs: Sequence[CheckRun] | None = None,
    scope: str = DEVICE,
    schedule: str = "nightly",
) -> Audit:
    """Make the audit of one of several nights in a row."""
    started_at = STARTED + timedelta(days=night)
    return Audit(
        task_id=f"c0ffee{night:02}",
        scope=scope,
        schedule=schedule,
        started_at=started_at,
        ended_at=started_at + timedelta(seconds=1),
        findings=findings,
        runs=(run(non_compliant=len(findings)),) if runs is None else tuple(runs),
    )
