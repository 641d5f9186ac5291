"""`devicewarden doctor` beside a real broker: what is well, and the one thing that is not."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.e2e.agent_process import AgentProcess, devicewarden
from tests.e2e.own_pki import DAY, OwnPki

from devicewarden.cli.control_client import ask
from devicewarden.config.load import load
from devicewarden.doctor.examine import Examination
from devicewarden.doctor.verdict import Verdict
from devicewarden.model.errors import ConfigError
from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
QUICK = {"connect_timeout_s": 1, "reply_timeout_s": 0.8, "ack_timeout_s": 1}
BROKER = ("dns", "tcp", "tls", "connect", "subscribe", "publish", "reply")


def examine(config: Path) -> Mapping[str, Verdict]:
    try:
        loaded = load(config, {})
    except ConfigError as error:
        return {each.name: each for each in Examination(error, ask).verdicts()}
    return {each.name: each for each in Examination(loaded, ask).verdicts()}


def trouble(config: Path) -> Verdict:
    """The first step on the way to the broker that failed; the daemon is not meant."""
    found = examine(config)
    return next(found[name] for name in ("certificate", *BROKER) if found[name].status == "failed")


def test_all_is_well_where_no_daemon_runs_but_that(config: Config) -> None:
    found = examine(config())

    assert {name: found[name].status for name in BROKER} == dict.fromkeys(BROKER, "ok") | {
        # The sandbox's certificate lives for a week.
        "tls": "warning"
    }
    assert [name for name, verdict in found.items() if verdict.status == "failed"] == ["daemon"]


def test_a_connected_daemon_keeps_its_connection(
    config: Config, agent: Callable[..., AgentProcess], sandbox: Sandbox
) -> None:
    running = agent(config())
    running.until(lambda status: status["report"]["counts"]["accepted"] > 0)

    ended = devicewarden("doctor", "--config", running.config, "--json")

    assert ended.returncode == 0, ended.stdout
    document = json.loads(ended.stdout)
    found = {each["name"]: each for each in document["verdicts"]}
    assert document["healthy"]
    assert "the daemon is connected" in found["connect"]["message"]
    assert found["report"]["status"] == found["daemon"]["status"] == "ok"
    assert running.status()["connection"]["connects"] == 1
    assert not [r for r in sandbox.received if r.payload == b"{}"]


@pytest.mark.parametrize(
    ("fault", "name", "hint"),
    [
        (("refuse-connections",), "tcp", "nothing listens"),
        (("black-hole",), "tls", "publish.port must be"),
        (("revoke", "edge-1"), "tls", "device certificate: check that it is registered, active"),
        (("silence", 1), "reply", "is this AWS IoT Core"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_fault_of_the_broker_is_explained(
    config: Config, sandbox: Sandbox, fault: tuple[str, ...], name: str, hint: str
) -> None:
    path = config({"publish": QUICK})
    sandbox.fault(*fault)

    verdict = trouble(path)

    assert verdict.name == name
    assert hint in verdict.hint


def test_a_topic_that_the_policy_does_not_allow_is_refused(config: Config) -> None:
    topic = "$aws/things/edge-2/defender/metrics/{format}"

    verdict = trouble(config({"publish": {**QUICK, "topic": topic}}))

    assert verdict.name == "publish"
    assert "not authorized" in verdict.message
    assert "policy" in verdict.hint


def test_a_certificate_of_tomorrow_means_the_clock(config: Config, tmp_path: Path) -> None:
    cert, key = OwnPki(tmp_path).issue("edge-1", DAY, 90 * DAY)

    verdict = trouble(config({"publish": {"cert_file": str(cert), "key_file": str(key)}}))

    assert verdict.name == "certificate"
    assert "clock" in verdict.hint


def test_a_key_of_another_thing_is_found_before_anybody_is_asked(
    config: Config, sandbox: Sandbox
) -> None:
    other = str(sandbox.credentials("edge-2").key_file)

    verdict = trouble(config({"publish": {"key_file": other}}))

    assert verdict.name == "certificate"
    assert "does not belong" in verdict.message


def test_a_plain_broker_is_sent_nothing(config: Config, sandbox: Sandbox) -> None:
    found = examine(config({"publish": {**QUICK, "expect_reply": False}}))

    assert found["connect"].status == "ok"
    assert found["publish"].status == "skipped"
    assert sandbox.received == ()


def test_a_wrong_configuration_comes_first_and_the_host_is_looked_at_all_the_same(
    config: Config,
) -> None:
    path = config(more="\n[log2]\n")

    found = examine(path)
    ended = devicewarden("doctor", "--config", path)

    assert "log2" in found["configuration"].message
    assert found["tls"].status == "skipped"
    assert found["sockets"].status == "ok"
    assert ended.returncode == 78
    assert b"configuration" in ended.stdout
