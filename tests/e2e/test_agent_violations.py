"""Violations over time: restarts, outages, bad profiles, and alarms that are told nobody."""

import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.agent_process import AgentProcess, devicewarden
from tests.e2e.alarms import FIRST_PORT, PROFILE, Violations, forbids_port, listen, profile

from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
QUIET_PORT = FIRST_PORT + 1


def alarmed(agent: AgentProcess, number: int) -> None:
    """Wait until so many violations are in alarm."""
    agent.until(lambda status: len(status["detection"]["active"]) == number)


def listed(config: Path) -> list[dict[str, Any]]:
    """What `violations list` shows, the newest first."""
    done = devicewarden("violations", "list", "--json", "--config", config)
    documents: list[dict[str, Any]] = json.loads(done.stdout)
    assert done.returncode == int(bool(documents))
    return documents


def test_violation_outlives_a_killed_agent_and_is_told_once(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    violations = Violations(sandbox)
    file = config()
    first = agent(file)

    with listen():
        alarm = violations.next()
        first.kill()
        second = agent(file)
        alarmed(second, 1)
    end = violations.next()

    assert (alarm.kind, end.kind) == ("in-alarm", "alarm-cleared")
    assert violations.ids == [alarm.violation_id]
    assert [each["violationId"] for each in listed(file)] == [alarm.violation_id]


def test_port_that_closes_while_the_agent_is_dead_is_cleared_when_it_is_back(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    violations = Violations(sandbox)
    file = config()
    first = agent(file)

    with listen():
        violations.next()
        first.kill()
    agent(file)

    assert violations.next().kind == "alarm-cleared"
    assert len(violations.ids) == 1


@pytest.mark.parametrize(
    ("behavior", "simulate", "mark"),
    [({}, ["quiet"], "simulated"), ({"suppressAlerts": True}, [], "suppressed")],
    ids=["simulated", "suppressed"],
)
def test_quiet_alarm_is_recorded_and_not_published(
    sandbox: Sandbox,
    agent: Start,
    config: Config,
    behavior: Mapping[str, Any],
    simulate: list[str],
    mark: str,
) -> None:
    quiet = forbids_port(QUIET_PORT, **behavior)
    sandbox.write_profile("edge-1", profile(quiet, name="quiet"))
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    violations = Violations(sandbox)
    file = config({"detect": {"simulate": simulate}})
    running = agent(file)

    with listen(QUIET_PORT):
        alarmed(running, 1)
        with listen():
            # In order: a message on the quiet one would come before this one.
            alarm = violations.next()

    assert alarm.document["securityProfileName"] == PROFILE
    marks = {each["securityProfileName"]: each[mark] for each in listed(file)}
    assert marks == {"quiet": True, PROFILE: False}


def test_broken_profile_is_shown_and_its_last_good_one_stays_in_force(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    path = sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    violations = Violations(sandbox)
    running = agent(config())
    running.until(lambda status: status["detection"]["profiles"] == [PROFILE])

    path.write_text(path.read_text().replace("not-in-port-set", "near-port-set"))
    running.send(signal.SIGHUP)
    status = running.until(lambda status: bool(status["problems"]))

    (subject,) = status["problems"]
    assert subject == f"profile {path.name}"
    assert "near-port-set" in status["problems"][subject]
    assert status["detection"]["profiles"] == [PROFILE]
    with listen():
        assert violations.next().kind == "in-alarm"


def test_profile_that_is_taken_away_invalidates_its_violation(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    path = sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    violations = Violations(sandbox)
    running = agent(config())

    with listen():
        alarm = violations.next()
        path.unlink()
        running.send(signal.SIGHUP)
        end = violations.next()

    assert end.kind == "alarm-invalidated"
    assert end.violation_id == alarm.violation_id
    assert "metricValue" not in end.document


def test_profile_that_comes_with_a_reload_is_in_force(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    violations = Violations(sandbox)
    running = agent(config())
    running.until(lambda status: status["sample"] is not None)

    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    running.send(signal.SIGHUP)

    with listen():
        assert violations.next().kind == "in-alarm"


def test_topic_and_redaction_of_a_reload_are_in_force(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    violations = Violations(sandbox)
    running = agent(config({"detect": {"topic": "devicewarden/{thing}/elsewhere"}}))
    connects = running.counted(accepted=1)["connection"]["connects"]

    config({"detect": {"redact": ["."]}})
    running.reload()
    running.event("configuration_reloaded")

    with listen():
        alarm = violations.next()
    assert alarm.topic == "devicewarden/edge-1/violations"
    (owner,) = alarm.document["context"]["owners"]
    # All but the mark of a line that was cut: that of pytest may be of any length.
    assert set(owner["command_line"]) - {"…"} == {"*"}
    assert running.accepts(1)["connection"]["connects"] == connects


def test_alarm_of_an_outage_is_told_after_it_in_order(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT), forbids_port(QUIET_PORT)))
    violations = Violations(sandbox)
    running = agent(config())
    running.connected()

    sandbox.fault("refuse-connections")
    sandbox.fault("drop")
    running.until(lambda status: status["connection"]["state"] != "connected")
    with listen():
        alarmed(running, 1)
        with listen(QUIET_PORT):
            alarmed(running, 2)
        alarmed(running, 1)
    alarmed(running, 0)
    sandbox.fault("normal")

    told = [(each.kind, each.document["behavior"]["name"]) for each in violations.take(4)]
    assert told == [
        ("in-alarm", f"port-{FIRST_PORT}"),
        ("in-alarm", f"port-{QUIET_PORT}"),
        ("alarm-cleared", f"port-{QUIET_PORT}"),
        ("alarm-cleared", f"port-{FIRST_PORT}"),
    ]


def test_false_positive_reaches_the_running_agent(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    violations = Violations(sandbox)
    file = config()
    running = agent(file)
    with listen():
        name = violations.next().violation_id

    done = devicewarden("violations", "verify", name, "FALSE_POSITIVE", "--config", file)

    assert done.returncode == 0, done.stderr
    running.event("violation_forgiven", behavior=f"port-{FIRST_PORT}")
    (violation,) = listed(file)
    assert violation["verificationState"] == "FALSE_POSITIVE"
    shown = devicewarden("violations", "show", name, "--json", "--config", file)
    assert json.loads(shown.stdout)["events"][0]["violationEventType"] == "in-alarm"
