"""What became of actions has AWS's members and AWS's words."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import botocore.session
import pytest
from tests.mitigate.account.scene import START

from devicewarden.mitigate.account.documents import execution, tasks
from devicewarden.model.action import ActionRecord, ActionStatus, Cause, CauseKind

MODEL = botocore.session.get_session().get_service_model("iot")
SHAPES: dict[CauseKind, str] = {
    "finding": "AuditMitigationActionExecutionMetadata",
    "violation": "DetectMitigationActionExecution",
}
DONE = ActionRecord(
    action_id="a" * 32,
    cause=Cause("finding", "f" * 32),
    name="blank-policy",
    type="REPLACE_DEFAULT_POLICY_VERSION",
    task_id="task",
    status="SUCCESSFUL",
    description="what is done",
    started_at=START,
    ended_at=START + timedelta(seconds=1),
)
STATUSES: tuple[ActionStatus, ...] = ("SUCCESSFUL", "FAILED", "SKIPPED", "IN_PROGRESS")


def of(kind: CauseKind, status: ActionStatus) -> ActionRecord:
    return replace(DONE, cause=Cause(kind, "f" * 32), status=status, message="why")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", SHAPES)
def test_an_execution_has_the_members_and_the_status_of_aws(
    kind: CauseKind, status: ActionStatus
) -> None:
    members: dict[str, Any] = MODEL.shape_for(SHAPES[kind]).members

    written = execution(of(kind, status))

    assert written.keys() - {"context"} <= members.keys()
    assert written["status"] in members["status"].enum


@pytest.mark.parametrize(
    ("statuses", "of_audit", "of_detect"),
    [
        pytest.param(("SUCCESSFUL", "SUCCESSFUL"), "COMPLETED", "SUCCESSFUL", id="all"),
        pytest.param(("SUCCESSFUL", "FAILED"), "FAILED", "FAILED", id="one failed"),
        pytest.param(("FAILED", "IN_PROGRESS"), "IN_PROGRESS", "IN_PROGRESS", id="not over"),
    ],
)
def test_any_failure_makes_the_task_failed(
    statuses: tuple[ActionStatus, ...], of_audit: str, of_detect: str
) -> None:
    (audit,), (detect,) = (
        tasks(of(kind, status) for status in statuses) for kind in ("finding", "violation")
    )

    assert (audit["taskStatus"], detect["taskStatus"]) == (of_audit, of_detect)
    assert sum(audit["taskStatistics"].values()) == len(statuses) - ("IN_PROGRESS" in statuses)
