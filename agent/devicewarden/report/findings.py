"""Audits and findings -> JSON in AWS's shape, with what AWS does not tell in `context`.

Source: AuditFinding and DescribeAuditTask of the AWS IoT API 2015-05-28; AWS IoT Device Defender
developer guide, audit notifications.
"""

import json
from datetime import datetime
from typing import Any, Final

from devicewarden.model.audit import DEVICE, Audit, AuditFinding, FindingEvent
from devicewarden.model.finding import CheckRun, CheckStatus, Resource, wire_check_name

_MAX_MESSAGE: Final = 2048


def finding_document(audit: Audit, each: AuditFinding) -> dict[str, Any]:
    """Write one finding; times are seconds since the epoch."""
    finding = each.finding
    document: dict[str, Any] = {
        "findingId": each.finding_id,
        "taskId": audit.task_id,
        "checkName": wire_check_name(finding.check),
        "taskStartTime": audit.started_at.timestamp(),
        "findingTime": audit.ended_at.timestamp(),
        "severity": finding.severity,
        "nonCompliantResource": _resource(finding.resource),
        "reasonForNonCompliance": finding.reason,
        "reasonForNonComplianceCode": finding.code,
        "isSuppressed": each.suppressed,
        "context": {"remedy": finding.remedy},
    }
    if finding.related:
        document["relatedResources"] = list(map(_resource, finding.related))
    return document


def finding_event(document: str, kind: FindingEvent, at: datetime, thing: str) -> str:
    """Write what happened to a finding, as sinks deliver it: its times are milliseconds, as in SNS.

    Args:
        document: of the finding, as JSON.
        kind: what happened.
        at: when.
        thing: name of the device that audited.
    """
    told = {"findingEventType": kind, "findingEventTime": _ms(at.timestamp()), "thingName": thing}
    finding = json.loads(document)
    times = {name: _ms(finding[name]) for name in ("taskStartTime", "findingTime")}
    return json.dumps({**told, **finding, **times})


def audit_document(audit: Audit) -> dict[str, Any]:
    """Write a whole audit: DescribeAuditTask's members, and the findings."""
    return {
        **_task(audit),
        "taskStartTime": audit.started_at.timestamp(),
        "taskStatistics": {
            "totalChecks": len(audit.runs),
            "inProgressChecks": 0,
            "waitingForDataCollectionChecks": 0,
            "compliantChecks": _count(audit, "COMPLETED_COMPLIANT"),
            "nonCompliantChecks": _count(audit, "COMPLETED_NON_COMPLIANT"),
            "failedChecks": _count(audit, "FAILED"),
            "canceledChecks": 0,
        },
        "auditDetails": {wire_check_name(run.check): _details(run) for run in audit.runs},
        "findings": [finding_document(audit, each) for each in audit.findings],
    }


def completed_document(audit: Audit, thing: str) -> dict[str, Any]:
    """Write that an audit is over, as AWS tells it by SNS; `taskStartTime` is in milliseconds.

    An audit of the device names the thing in place of an account.
    """
    whose = {"thingName": thing} if audit.scope == DEVICE else {"accountId": audit.scope}
    return {
        **whose,
        **_task(audit),
        "failedChecksCount": _count(audit, "FAILED"),
        "canceledChecksCount": 0,
        "nonCompliantChecksCount": _count(audit, "COMPLETED_NON_COMPLIANT"),
        "compliantChecksCount": _count(audit, "COMPLETED_COMPLIANT"),
        "totalChecksCount": len(audit.runs),
        "taskStartTime": _ms(audit.started_at.timestamp()),
        "auditDetails": [_notified(run) for run in audit.runs],
    }


def _task(audit: Audit) -> dict[str, str]:
    task = {
        "taskId": audit.task_id,
        "taskStatus": "COMPLETED",
        "taskType": "SCHEDULED_AUDIT_TASK" if audit.schedule else "ON_DEMAND_AUDIT_TASK",
    }
    return {**task, "scheduledAuditName": audit.schedule} if audit.schedule else task


def _details(run: CheckRun) -> dict[str, Any]:
    details: dict[str, Any] = {
        "checkRunStatus": run.status,
        "totalResourcesCount": run.resources,
        "nonCompliantResourcesCount": run.non_compliant,
        "suppressedNonCompliantResourcesCount": run.suppressed,
    }
    if run.status != "FAILED":
        return {**details, "checkCompliant": run.status == "COMPLETED_COMPLIANT"}
    return {**details, "message": "; ".join(run.undecided)[:_MAX_MESSAGE]}


def _notified(run: CheckRun) -> dict[str, Any]:
    details = _details(run)
    details.pop("checkCompliant", None)
    return {"checkName": wire_check_name(run.check), **details}


def _resource(resource: Resource) -> dict[str, Any]:
    document: dict[str, Any] = {
        "resourceType": resource.type,
        "resourceIdentifier": dict(resource.identifier),
    }
    if resource.info:
        document["additionalInfo"] = dict(resource.info)
    return document


def _count(audit: Audit, status: CheckStatus) -> int:
    return sum(run.status == status for run in audit.runs)


def _ms(at_s: float) -> int:
    return round(at_s * 1000)
