"""The daemon against each fault of the sandbox: what becomes of its reports, and how it goes on."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from tests.e2e.agent_process import AgentProcess, Status

from devicewarden.sandbox.faults import FAULTS
from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]


@pytest.fixture
def running(agent: Start, config: Config) -> AgentProcess:
    """An agent that has had its first report accepted."""
    started = agent(config())
    started.counted(accepted=1)
    return started


def ids(sandbox: Sandbox) -> list[int]:
    """The ids of all reports that reached the service, in order."""
    return [received.document["header"]["report_id"] for received in sandbox.received]


def missed_ids(agent: AgentProcess) -> set[int]:
    ended = agent.events("report_ended")
    return {event["report_id"] for event in ended if event["outcome"].startswith("missed")}


def causes(agent: AgentProcess) -> list[str]:
    return [event["kind"] for event in agent.events("broker_not_connected")]


def state_and_attempts(status: Status) -> tuple[str, bool]:
    return status["connection"]["state"], status["connection"]["attempts"] > 1


def test_every_fault_has_a_test_here() -> None:
    tests = [name for name in globals() if name.startswith("test_")]

    untested = [
        fault.name
        for fault in FAULTS
        if not any(name.startswith(f"test_{fault.name.replace('-', '_')}_") for name in tests)
    ]

    assert untested == []


def test_reject_is_counted_and_told_with_its_code(sandbox: Sandbox, running: AgentProcess) -> None:
    sandbox.fault("reject", 2, "InternalError")

    running.event("report_ended", outcome="rejected: InternalError: ")
    running.counted(rejected=2)
    status = running.accepts(1)
    assert status["report"]["counts"]["rejected"] == 2


def test_silence_is_an_outcome_of_its_own(sandbox: Sandbox, running: AgentProcess) -> None:
    sandbox.fault("silence", 1)

    running.event("report_ended", outcome="no reply within 0.8 s")
    status = running.accepts(1)
    assert status["report"]["counts"]["no_reply"] >= 1
    assert status["report"]["counts"]["rejected"] == 0


def test_garbage_is_counted_and_answers_nothing(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    running = agent(config({"report": {"format": "cbor"}}))
    running.event("report_ended", outcome="accepted")

    sandbox.fault("garbage", 1)

    running.event("report_ended", outcome="no reply")
    status = running.accepts(1)
    assert status["connection"]["replies"]["malformed"] == 1
    assert status["connection"]["connects"] == 1


def test_deny_reports_loses_no_report_once_they_are_allowed_again(
    sandbox: Sandbox, running: AgentProcess
) -> None:
    sandbox.fault("deny-reports", "on")

    running.event("report_ended", outcome="missed: publish: not authorized")
    sandbox.fault("normal")
    status = running.accepts(1)
    assert status["connection"]["state"] == "connected"


def test_late_replies_are_told_as_such_and_change_no_count(
    sandbox: Sandbox, running: AgentProcess
) -> None:
    sandbox.fault("late", 1)

    late = running.event("late_reply_received", outcome="accepted")
    sandbox.fault("normal")
    status = running.accepts(1)
    ended = [e for e in running.events("report_ended") if e["report_id"] == late["report_id"]]
    assert [event["outcome"] for event in ended] == ["no reply within 0.8 s"]
    assert status["connection"]["replies"]["late"] >= 1


def test_throttle_is_a_rejection_like_any_other(sandbox: Sandbox, running: AgentProcess) -> None:
    sandbox.fault("throttle", "on")
    rejected = running.event("report_ended", outcome="rejected: Throttled: ")
    sandbox.fault("throttle", "off")

    assert rejected["level"] == "warning"
    assert running.accepts(1)["report"]["counts"]["rejected"] >= 1


def test_drop_is_followed_by_another_connection(sandbox: Sandbox, running: AgentProcess) -> None:
    sandbox.fault("drop")

    running.connected(times=2)
    running.accepts(2)
    assert len(causes(running)) == len(set(causes(running))) >= 1
    assert all(event["hint"] for event in running.events("broker_not_connected"))


def test_refuse_connections_costs_reports_and_none_is_replayed(
    sandbox: Sandbox, running: AgentProcess
) -> None:
    sandbox.fault("refuse-connections")
    sandbox.fault("drop")
    status = running.counted(missed=3)
    sandbox.fault("normal")
    running.connected(times=2)
    running.accepts(2)

    assert "nothing listens on publish.port" in status["connection"]["hint"]
    assert len(missed_ids(running)) >= 3
    assert missed_ids(running).isdisjoint(ids(sandbox))
    assert all(earlier < later for earlier, later in pairwise(ids(sandbox)))
    # Each cause is told once, however many attempts it fails.
    assert len(causes(running)) == len(set(causes(running)))


def test_black_hole_costs_reports_and_what_it_held_is_a_late_reply(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    running = agent(config({"publish": {"attempts": 1, "keep_alive_s": 60}}))
    running.event("report_ended", outcome="accepted")

    sandbox.fault("black-hole")
    running.event("report_ended", outcome="missed")
    sandbox.fault("normal")

    late = running.event("late_reply_received", outcome="accepted")
    status = running.accepts(1)
    assert late["report_id"] in missed_ids(running)
    assert status["connection"]["connects"] == 1


def test_cut_after_in_the_middle_of_a_report_leaves_no_half_report(
    sandbox: Sandbox, running: AgentProcess
) -> None:
    sandbox.fault("cut-after", 200)
    running.event("broker_not_connected")
    sandbox.fault("normal")

    running.connected(times=2)
    running.accepts(2)
    assert {received.reasons for received in sandbox.received} == {()}
    assert all(earlier < later for earlier, later in pairwise(ids(sandbox)))
    assert missed_ids(running).isdisjoint(ids(sandbox))


def test_drop_after_each_connack_slows_the_attempts_down(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    running = agent(config({"publish": {"first_wait_s": 0.5, "max_wait_s": 8.0}}))
    running.counted(accepted=1)

    sandbox.fault("drop-after", 500)
    sandbox.fault("drop")

    # Were the back-off reset by each CONNACK, there would be a connection in every second.
    running.until(lambda _: two_missed_without_a_connection(running))
    assert running.status()["connection"]["connects"] > 1


def two_missed_without_a_connection(agent: AgentProcess) -> bool:
    told = [json.loads(line) for line in agent.said]
    steps = [e for e in told if e["event"] in {"report_ended", "broker_connected"}]
    missed = [e.get("outcome", "").startswith("missed") for e in steps]
    return any(pair == (True, True) for pair in pairwise(missed))


def test_restart_of_the_broker_is_followed_by_subscriptions_made_again(
    sandbox: Sandbox, running: AgentProcess
) -> None:
    sandbox.fault("restart")

    running.connected(times=2)
    # Replies come only to who subscribed.
    running.accepts(2)


def test_revoke_is_shown_with_what_to_do(sandbox: Sandbox, running: AgentProcess) -> None:
    sandbox.fault("revoke", "edge-1")

    status = running.until(lambda status: "certificate" in status["connection"]["hint"])
    assert status["connection"]["state"] == "connecting"
    assert status["connection"]["last_error"]
    running.counted(missed=1)


def test_allow_after_revoke_brings_the_agent_back(sandbox: Sandbox, running: AgentProcess) -> None:
    sandbox.fault("revoke", "edge-1")
    running.until(lambda status: state_and_attempts(status) == ("connecting", True))

    sandbox.fault("allow", "edge-1")

    status = running.connected(times=2)
    assert (status["connection"]["last_error"], status["connection"]["hint"]) == ("", "")
    running.accepts(2)


def test_normal_after_everything_at_once_brings_the_agent_back(
    sandbox: Sandbox, running: AgentProcess
) -> None:
    sandbox.fault("reject", 9)
    sandbox.fault("late", 9)
    sandbox.fault("refuse-connections")
    sandbox.fault("drop")
    running.counted(missed=1)

    sandbox.fault("normal")

    running.accepts(1)
