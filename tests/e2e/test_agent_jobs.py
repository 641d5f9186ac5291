"""The daemon takes jobs from the sandbox, over mutual TLS."""

import json
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.agent_process import DEADLINE_S, POLL_S, AgentProcess

from devicewarden.sandbox.agent_config import Section
from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
ALL = ["RESTART", "SET_REPORT_INTERVAL", "RUN_AUDIT", "ROTATE_CERTIFICATE"]
JOBS: Mapping[str, Section] = {"jobs": {"operations": ALL}}


def ended(sandbox: Sandbox, job_id: str) -> tuple[str, dict[str, str]]:
    """Wait until a job ended, and tell how."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        job = sandbox.cloud.jobs.find(job_id)
        if job is not None and job.status not in {"QUEUED", "IN_PROGRESS"}:
            return job.status, job.details
        threading.Event().wait(POLL_S)
    raise AssertionError(f"the job never ended: {sandbox.cloud.jobs.find(job_id)}")


def do(sandbox: Sandbox, document: Any) -> tuple[str, dict[str, str]]:
    return ended(sandbox, sandbox.cloud.create_job("edge-1", document))


def test_jobs_of_every_kind_end_in_their_status(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    before = sandbox.cloud.create_job("edge-1", {"operation": "RUN_AUDIT"})
    running = agent(config(JOBS))

    assert ended(sandbox, before)[0] == "SUCCEEDED"
    assert do(sandbox, {"operation": "SET_REPORT_INTERVAL", "intervalSeconds": 7})[0] == "SUCCEEDED"
    assert do(sandbox, {"operation": "ERASE_DISK"})[0] == "REJECTED"
    assert do(sandbox, {"operation": "APPLY_ACTION", "actionName": "x"})[0] == "REJECTED"
    deep: Any = 1
    for _ in range(50):
        deep = [deep]
    assert do(sandbox, {"operation": deep})[0] == "REJECTED"
    assert do(sandbox, {"operation": "RUN_AUDIT", "more": "x" * 33_500})[0] == "REJECTED"
    status = running.until(lambda status: status["jobs"]["done"]["SUCCEEDED"] == 2)
    assert status["jobs"]["done"] == {"SUCCEEDED": 2, "FAILED": 0, "REJECTED": 0}


def test_restart_is_told_by_the_process_that_comes_after(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    running = agent(config(JOBS))
    first = running.connected()

    status, _ = do(sandbox, {"schemaVersion": "1.0", "operation": "RESTART"})

    assert status == "SUCCEEDED"
    second = running.until(lambda status: status["started_at"] != first["started_at"])
    assert second["jobs"]["done"]["SUCCEEDED"] == 0
    # The log comes by a pipe of its own, later than the status may.
    running.event("agent_started")
    running.event("agent_started")
    assert running.end(signal.SIGTERM) == 0


def test_certificate_is_rotated_and_the_old_one_no_longer_needed(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    file = config(JOBS)
    running = agent(file)
    running.counted(accepted=1)

    status, details = do(sandbox, {"schemaVersion": "1.0", "operation": "ROTATE_CERTIFICATE"})

    assert status == "SUCCEEDED", details
    (issued,) = sandbox.cloud.provisioning.registered
    assert details["newCertificateId"] == issued.certificate_id
    sandbox.revoke("edge-1")
    running.connected(times=2)
    running.accepts(1)
    running.kill()
    again = agent(file)
    again.counted(accepted=1)
    identity = file.parent / "state" / "identity"
    assert sorted(path.name for path in identity.iterdir()) == ["current", "g1"]
    assert oct((identity / "g1" / "private-key.pem").stat().st_mode)[-3:] == "600"
    json.dumps(again.status())
