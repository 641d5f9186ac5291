"""Rotations that go wrong, keys in tokens, and the other MQTT library."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.e2e.agent_process import AgentProcess
from tests.e2e.test_agent_jobs import JOBS, do, ended

from devicewarden.sandbox.agent_config import merge
from devicewarden.sandbox.pki import Authority
from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
QUICK = merge(JOBS, {"provisioning": {"try_s": 2, "timeout_s": 2}})
ROTATE = {"schemaVersion": "1.0", "operation": "ROTATE_CERTIFICATE"}
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "1234"


def left_of(config: Path) -> list[str]:
    return sorted(path.name for path in (config.parent / "state" / "identity").iterdir())


def test_a_certificate_that_the_broker_refuses_is_discarded_and_the_old_one_goes_on(
    sandbox: Sandbox, agent: Start, config: Config, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path)
    sandbox.cloud.provisioning.sign = stranger.sign
    file = config(QUICK)
    running = agent(file)
    running.counted(accepted=1)

    status, details = do(sandbox, ROTATE)

    assert (status, details["reason"][:20]) == ("FAILED", "the new certificate:")
    running.accepts(1)
    assert left_of(file) == []


def test_a_job_that_is_cancelled_during_the_trial_is_rolled_back(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    asked = sandbox.cloud.watch()
    file = config(QUICK)
    running = agent(file)
    job = sandbox.cloud.create_job("edge-1", ROTATE)
    while not asked.get(timeout=10).topic.endswith("/provision/json"):
        pass

    sandbox.cloud.cancel_job("edge-1", job)

    assert ended(sandbox, job)[0] == "CANCELED"
    running.event("rotation_ended", status="FAILED", reason="the new certificate: the job")
    running.accepts(1)
    assert left_of(file) == []


def test_a_job_for_another_certificate_is_rejected(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    file = config(QUICK)
    running = agent(file)

    status, details = do(sandbox, {**ROTATE, "certificateId": "0" * 64})

    assert (status, details) == (
        "REJECTED",
        {"reason": "certificateId names another certificate"},
    )
    running.accepts(1)
    assert left_of(file) == []


def test_a_service_that_refuses_leaves_the_old_identity(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    file = config(merge(QUICK, {"provisioning": {"parameters": ["ThingName=other"]}}))
    running = agent(file)

    status, details = do(sandbox, ROTATE)

    assert status == "FAILED"
    assert "AccessDenied" in details["reason"]
    running.accepts(1)
    assert left_of(file) == []


def test_another_configured_certificate_ends_what_the_device_got_for_itself(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    file = config(QUICK)
    running = agent(file)
    assert do(sandbox, ROTATE)[0] == "SUCCEEDED"
    own = running.until(lambda s: "/identity/" in s["identity"]["certificate"])
    ours, theirs = sandbox.credentials("edge-1"), sandbox.credentials("edge-2")

    shutil.copy(theirs.cert_file, ours.cert_file)
    shutil.copy(theirs.key_file, ours.key_file)
    running.reload()

    running.until(lambda s: s["identity"]["certificate"] == str(ours.cert_file))
    assert own["identity"]["last"]["status"] == "SUCCEEDED"


def test_paho_takes_the_new_identity_too(sandbox: Sandbox, agent: Start, config: Config) -> None:
    running = agent(config(merge(QUICK, {"publish": {"library": "paho"}})))

    status, details = do(sandbox, ROTATE)

    assert status == "SUCCEEDED", details
    sandbox.revoke("edge-1")
    running.accepts(1)


def test_a_key_in_a_token_is_replaced_by_another_in_the_token(
    sandbox: Sandbox, agent: Start, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "tokens").mkdir()
        (place / "softhsm2.conf").write_text(f"directories.tokendir = {place / 'tokens'}\n")
        monkeypatch.setenv("SOFTHSM2_CONF", str(place / "softhsm2.conf"))
        token(place, sandbox.credentials("edge-1").key_file)
        publish = {
            "key_file": "",
            "pkcs11_library": SOFTHSM,
            "pkcs11_pin_file": str(place / "pin"),
            "pkcs11_token_label": "edge",
            "pkcs11_key_label": "first",
        }
        running = agent(config(merge(QUICK, {"publish": publish})))

        status, details = do(sandbox, ROTATE)
        first_label = labels(place)
        second, _ = do(sandbox, ROTATE)

        assert (status, second) == ("SUCCEEDED", "SUCCEEDED"), details
        sandbox.revoke("edge-1")
        running.accepts(1)
        # The configured key stays, as its file would; of our own there is one, the newest.
        assert len(labels(place)) == len(first_label) == 2
        assert labels(place) != first_label


def token(place: Path, key: Path) -> None:
    (place / "pin").write_text(PIN)
    (place / "pin").chmod(0o600)
    softhsm("--init-token", "--free", "--label", "edge", "--so-pin", PIN)
    softhsm("--import", str(key), "--token", "edge", "--label", "first", "--id", "01")


def softhsm(*words: str) -> None:
    subprocess.run(["softhsm2-util", *words, "--pin", PIN], check=True, capture_output=True)  # noqa: S603, S607  our argv


def labels(place: Path) -> set[str]:
    listed = subprocess.run(  # noqa: S603  our argv
        ["pkcs11-tool", "--module", SOFTHSM, "--login", "--pin", PIN, "-O", "--type", "privkey"],  # noqa: S607  as above
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "SOFTHSM2_CONF": str(place / "softhsm2.conf")},
    ).stdout
    return {line.split(":")[1].strip() for line in listed.splitlines() if "label:" in line}
