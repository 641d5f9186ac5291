"""What became of actions, in AWS's shape.

Source: AuditMitigationActionExecutionMetadata, DetectMitigationActionExecution and the statuses of
their tasks in the AWS IoT API 2015-05-28.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from devicewarden.model.action import ActionRecord, ActionStatus

_OF_AUDIT: Final[Mapping[ActionStatus, str]] = {"SUCCESSFUL": "COMPLETED"}
"""AWS has two words for it."""


def execution(record: ActionRecord) -> dict[str, Any]:
    """Write one action; times are seconds since the epoch."""
    ended_at = record.ended_at and record.ended_at.timestamp()
    started_at = record.started_at.timestamp()
    own: dict[str, Any]
    if record.cause.kind == "violation":
        own = {"violationId": record.cause.id, "executionStartDate": started_at}
        end, status = "executionEndDate", str(record.status)
    else:
        own = {
            "findingId": record.cause.id,
            "actionId": record.action_id,
            "startTime": started_at,
        }
        end, status = "endTime", _OF_AUDIT.get(record.status, record.status)
    return {
        "taskId": record.task_id,
        "actionName": record.name,
        **own,
        **({end: ended_at} if ended_at else {}),
        "status": status,
        **({"message": record.message} if record.message else {}),
        "context": {
            "actionId": record.action_id,
            "actionType": record.type,
            "description": record.description,
        },
    }


def tasks(records: Iterable[ActionRecord]) -> list[dict[str, Any]]:
    """Sum up each task: any failure makes it FAILED, one that is under way IN_PROGRESS."""
    by_task: dict[tuple[str, str], list[ActionRecord]] = {}
    for record in records:
        by_task.setdefault((record.task_id, record.cause.kind), []).append(record)
    return [
        {
            "taskId": task_id,
            "taskStatus": _status(kind, {each.status for each in own}),
            "taskStatistics": {
                "actionsExecuted": sum(each.status in ("SUCCESSFUL", "UNDONE") for each in own),
                "actionsSkipped": sum(each.status == "SKIPPED" for each in own),
                "actionsFailed": sum(each.status == "FAILED" for each in own),
            },
        }
        for (task_id, kind), own in by_task.items()
    ]


def _status(kind: str, statuses: set[ActionStatus]) -> str:
    if "IN_PROGRESS" in statuses:
        return "IN_PROGRESS"
    if "FAILED" in statuses:
        return "FAILED"
    return "SUCCESSFUL" if kind == "violation" else "COMPLETED"
