"""An audit -> SARIF, which code hosts and editors show."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from devicewarden.model.audit import Audit, AuditFinding, identifier_text
from devicewarden.model.finding import Resource
from devicewarden.report.rule import Rule
from devicewarden.report.sarif import LEVELS, file_uri, sarif_log, sarif_text


def sarif_document(audit: Audit, rules: Sequence[Rule]) -> dict[str, Any]:
    """Write an audit as one run.

    Args:
        audit: with its findings.
        rules: of all checks that were run.
    """
    return sarif_log(rules, [_result(each) for each in audit.findings], _invocation(audit))


def _result(each: AuditFinding) -> dict[str, Any]:
    finding = each.finding
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "level": LEVELS[finding.severity],
        "message": sarif_text(f"{finding.reason.rstrip('.')}. {finding.remedy}"),
        "locations": [_location(finding.resource)],
        "partialFingerprints": {"findingId/v1": each.finding_id},
        "properties": {"code": finding.code, "severity": finding.severity},
    }
    if each.suppressed:
        result["suppressions"] = [{"kind": "external"}]
    return result


def _location(resource: Resource) -> dict[str, Any]:
    name = identifier_text(resource.identifier)
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": name, "kind": resource.type.lower()}]
    }
    path = resource.identifier.get("path") or resource.info.get("path")
    if path:
        # Behind a # stands what in the file is meant, see `audit.device.host.file_resource`.
        file = path.partition("#")[0]
        location["physicalLocation"] = {"artifactLocation": {"uri": file_uri(file)}}
    return location


def _invocation(audit: Audit) -> dict[str, Any]:
    notifications = [
        {
            "level": "error",
            "message": sarif_text(f"{run.check} is undecided: {reason}"),
            "associatedRule": {"id": run.check},
        }
        for run in audit.runs
        for reason in run.undecided
    ]
    return {
        "executionSuccessful": not notifications,
        "startTimeUtc": _utc(audit.started_at),
        "endTimeUtc": _utc(audit.ended_at),
        "toolExecutionNotifications": notifications,
    }


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
