"""A new device gets its identity by a claim, and rotates it by hand."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.agent_process import AgentProcess, devicewarden

from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e


def test_claim_gives_an_identity_that_the_agent_then_uses_and_rotates(
    sandbox: Sandbox, config: Callable[..., Path], agent: Callable[..., AgentProcess]
) -> None:
    claim = sandbox.credentials("edge-2")
    file = config({"publish": {"cert_file": "", "key_file": ""}})

    ended = devicewarden(
        *("provision", "--config", file),
        *("--claim-cert", claim.cert_file, "--claim-key", claim.key_file),
    )

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"thingName": "edge-1", "deviceConfiguration": {}}
    running = agent(file)
    running.counted(accepted=1)
    rotated = devicewarden("rotate", "--config", file, "--json")
    assert rotated.returncode == 0, rotated.stderr
    told = json.loads(rotated.stdout)
    first, second = sandbox.cloud.provisioning.registered
    assert told["oldCertificateId"] == first.certificate_id
    assert told["newCertificateId"] == second.certificate_id
    running.accepts(1)
    again = devicewarden("provision", "--config", file)
    assert again.returncode == 70
    assert b"devicewarden rotate" in again.stderr


def test_rotation_without_a_template_is_refused(
    config: Callable[..., Path], agent: Callable[..., AgentProcess]
) -> None:
    file = config({"provisioning": {"template": ""}})
    agent(file).connected()

    ended = devicewarden("rotate", "--config", file)

    assert ended.returncode == 70
    assert b"provisioning.template" in ended.stderr
