"""What docs/runbooks/certificate-expiry.md has people type; a device that finds it by itself."""

import json
import re
import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from tests.e2e.agent_process import AgentProcess
from tests.e2e.runbooks.pages import Page, typed
from tests.e2e.test_agent_jobs import JOBS, ended

from devicewarden.sandbox.agent_config import Section, merge
from devicewarden.sandbox.control import serve_control
from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
PAGE = Page("certificate-expiry.md")
SIMULATE, PLAN, CREATE_AT_AWS, SANDBOX = PAGE.lines()
ORDER = [
    {"actionName": "renew", "actionParams": {"rotateCertificateParams": {}}},
    {
        "taskId": "t",
        "target": {},
        "auditCheckToActionsMapping": {"DEVICE_CERTIFICATE_EXPIRING_CHECK": ["renew"]},
    },
]


def certificate_id(sandbox: Sandbox) -> str:
    content = sandbox.credentials("edge-1").cert_file.read_bytes()
    return x509.load_pem_x509_certificate(content).fingerprint(SHA256()).hex()


def test_the_figures_of_the_page_are_those_of_the_simulation() -> None:
    done = typed(SIMULATE[0])

    told = PAGE.text.partition("| jobs a day |")[2].partition("\n\n")[0]
    days = [line.split()[1] for line in done.stdout.splitlines()[1:15]]
    assert done.returncode == 0, done.stderr
    assert re.findall(r"[\d,]+(?= to |  *\|$)", told, re.MULTILINE)[:2] == [min(days), max(days)]
    hour, second = re.findall(r"(?m)^busiest \w+: (.*)$", done.stdout)
    assert f"| busiest hour | {hour} |" in PAGE.text
    assert f"| busiest second | {second.partition(',')[0]} |" in PAGE.text
    assert done.stdout.endswith("ended before: 0\n")


def test_planned_jobs_are_taken_by_the_device(
    sandbox: Sandbox, agent: Start, config: Config, tmp_path: Path
) -> None:
    (csv,) = PAGE.blocks("csv")
    (tmp_path / "things.csv").write_text(csv.replace("4f" * 32, certificate_id(sandbox)))
    agent(config(JOBS))

    planned = typed(PLAN[0], names={"things.csv": str(tmp_path / "things.csv")})
    jobs = [json.loads(line) for line in planned.stdout.splitlines()]
    assert {each["thingName"] for each in jobs} == {"edge-1", "edge-2"}, planned.stderr
    (ours,) = (each for each in jobs if each["thingName"] == "edge-1")
    assert datetime.fromisoformat(ours["at"]).year == 2026
    (tmp_path / "job.json").write_text(json.dumps(ours["document"]))
    here = {
        "create": f"create --dir {sandbox.directory}",
        "list": f"list --dir {sandbox.directory}",
    }
    with serve_control(sandbox.directory, sandbox.do):
        created = typed(SANDBOX[0], names=here, folder=tmp_path)
        status, details = ended(sandbox, created.stdout.strip())
        listed = typed(SANDBOX[1], names=here)

    assert status == "SUCCEEDED", details
    assert details["oldCertificateId"] == certificate_id(sandbox)
    assert "SUCCEEDED  newCertificateId=" in listed.stdout


def test_aws_knows_the_command_that_creates_a_job() -> None:
    program, service, operation, *words = shlex.split(CREATE_AT_AWS[0])
    shape = ServiceModel(Loader().load_service_model("iot", "service-2"))

    members = shape.operation_model("CreateJob").input_shape.members

    assert (program, service, operation) == ("aws", "iot", "create-job")
    assert {"jobId", "targets", "document"} <= set(members)
    assert set(words[::2]) == {"--job-id", "--targets", "--document"}


def test_a_device_renews_the_certificate_that_its_audit_finds(
    sandbox: Sandbox, agent: Start, config: Config, tmp_path: Path
) -> None:
    """The sandbox's certificates are valid for a week."""
    actions = tmp_path / "actions"
    actions.mkdir()
    (actions / "renew.json").write_text(json.dumps(ORDER))
    mitigate: Section = {
        "enabled": True,
        "dry_run": False,
        "dir": str(actions),
        "allow": ["ROTATE_CERTIFICATE"],
        "records_dir": str(tmp_path),
    }
    file = config(merge(JOBS, {"mitigate": mitigate, "audit": {"dir": str(tmp_path)}}))
    running = agent(file)
    running.connected()

    audited = typed(f"devicewarden audit --config {file} --check device-certificate-expiring")

    assert audited.returncode == 1, audited.stderr
    told = running.event("action_told", status="SUCCESSFUL")
    assert told["action"] == "renew"
    (issued,) = sandbox.cloud.provisioning.registered
    assert issued.certificate_id != certificate_id(sandbox)
