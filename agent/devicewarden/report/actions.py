"""What became of mitigation actions -> JSON in AWS's shape.

Source: DetectMitigationActionExecution and AuditMitigationActionExecutionMetadata of the AWS IoT
API 2015-05-28; UNDONE and EXPIRED, and what is in `context`, are ours.
"""

from datetime import datetime
from typing import Any, Final

from devicewarden.model.action import ActionRecord

_CAUSE: Final = {
    "violation": "violationId",
    "finding": "findingId",
    "job": "jobId",
    "operator": "operatorId",
}


def action_document(record: ActionRecord, thing: str) -> dict[str, Any]:
    """Write one record, as sinks deliver it; times are milliseconds since the epoch, as in SNS."""
    document: dict[str, Any] = {
        "thingName": thing,
        "actionId": record.action_id,
        "actionName": record.name,
        "actionType": record.type,
        "taskId": record.task_id,
        _CAUSE[record.cause.kind]: record.cause.id,
        "status": record.status,
        "executionStartDate": _ms(record.started_at),
        "executionEndDate": record.ended_at and _ms(record.ended_at),
        "expirationDate": record.expires_at and _ms(record.expires_at),
        "message": record.message,
        "context": {"description": record.description},
    }
    return {name: value for name, value in document.items() if value not in (None, "")}


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
