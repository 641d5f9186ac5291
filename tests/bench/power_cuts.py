"""Rotations of one device that die at a step of a test's choice, and what is left of them."""

import os
import threading
import time
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tests.e2e.agent_process import DEADLINE_S, POLL_S, AgentProcess
from tests.e2e.conftest import QUICK

from devicewarden.sandbox.agent_config import Section, merge
from devicewarden.sandbox.sandbox import Sandbox

DYING = Path(__file__).with_name("dying")
SETTINGS: dict[str, Section] = {
    "jobs": {"operations": ["ROTATE_CERTIFICATE"]},
    "provisioning": {"try_s": 10, "timeout_s": 5},
    "report": {"interval_s": 60},
}
LAST = "say update"
"""The step that tells the service how the job ended; what follows is no part of the rotation."""


class Step(NamedTuple):
    """What the agent is about to do when it dies; `number` counts from its start."""

    number: int
    name: str


class Cut(NamedTuple):
    """One power cut: the identities that work right after it, and once the agent is back."""

    step: Step
    working_before: int
    working_after: int
    status: str


class Device:
    """A thing of the sandbox that rotates its identity again and again."""

    def __init__(self, sandbox: Sandbox, thing: str) -> None:
        self.sandbox = sandbox
        self.thing = thing
        self.config = sandbox.write_config(thing, merge(QUICK, SETTINGS))
        self.root = self.config.parent / "state" / "identity"

    def steps(self) -> list[Step]:
        """Rotate undisturbed, twice, and tell the steps of the second: the first replaces none."""
        log = self.config.with_name("steps")
        for _ in range(2):
            log.unlink(missing_ok=True)
            job = self._ask()
            with AgentProcess(self.config, environ=_dying(0, log)):
                assert self._ended(job) == "SUCCEEDED"
        told = [line.split(" ", 1) for line in log.read_text().splitlines()]
        steps = [Step(int(number), name) for number, name in told]
        end = next(index for index, step in enumerate(steps) if step.name == LAST)
        return steps[: end + 1]

    def cut(self, step: Step) -> Cut:
        """Rotate, cut the power before this step, start again, and look what is left."""
        job = self._ask()
        with AgentProcess(self.config, environ=_dying(step.number)) as dying:
            assert dying.wait() == -9, f"it did not die at {step}"
        before = self.working()
        with AgentProcess(self.config) as again:
            status = self._ended(job)
            again.connected()
        return Cut(step, before, self.working(), status)

    def working(self) -> int:
        """Count identities that the next start could take: there must be one, and one only.

        That is what `current` names, if its key is that of its certificate, and nothing beside
        it unless a rotation is noted, which the next start ends.
        """
        noted = (self.root / "rotation.json").exists()
        complete = [path for path in self.root.glob("g*") if _fit(path)]
        current = (self.root / "current").resolve()
        if current not in complete:
            return 0
        return 1 if noted else len(list(self.root.glob("g*")))

    def _ask(self) -> str:
        return self.sandbox.cloud.create_job(self.thing, {"operation": "ROTATE_CERTIFICATE"})

    def _ended(self, job_id: str) -> str:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            job = self.sandbox.cloud.jobs.find(job_id)
            if job is not None and job.status not in {"QUEUED", "IN_PROGRESS"}:
                return job.status
            threading.Event().wait(POLL_S)
        return "never ended"


def _fit(folder: Path) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())
        key = serialization.load_pem_private_key(
            (folder / "private-key.pem").read_bytes(), password=None
        )
    except (OSError, ValueError):
        return False
    return certificate.public_key() == key.public_key()


def _dying(at: int, log: Path | None = None) -> dict[str, str]:
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, (str(DYING), os.environ.get("PYTHONPATH")))),
        "DYING_AT": str(at),
        "DYING_LOG": "" if log is None else str(log),
    }
