"""How the daemon starts, leaves, dies and comes back."""

import json
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.agent_process import DEADLINE_S, POLL_S, AgentProcess, devicewarden

from devicewarden.sandbox.agent_config import Section, merge
from devicewarden.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.e2e.conftest import Device

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
Connect = Callable[[str], "Device"]
PRESENCE: Mapping[str, Section] = {
    "thing": {"client_id": "edge-1-agent"},
    "publish": {"presence_topic": "devicewarden/{thing}/presence"},
}
SLEEPER = (
    '\n[[custom_metrics.commands]]\nname = "slow"\ntype = "number"\nargv = ["{}"]\ntimeout_s = 60'
)


def presence(device: "Device") -> tuple[str, str]:
    """The next presence message: state and reason; replies to reports are passed over."""
    while not (message := device.messages.get(timeout=10)).topic.endswith("/presence"):
        pass
    members = json.loads(message.payload)
    return members["state"], members["reason"]


def how_it_left(sandbox: Sandbox) -> str:
    """Wait for what Mosquitto says of a client that leaves.

    `disconnected.` of one who said goodbye; `closed its connection.` of the others, whose last will
    it sends.
    """
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        said = re.findall(r"Client edge-1-agent (.*)", sandbox.broker.log_file.read_text())
        if said:
            return str(said[-1])
        threading.Event().wait(POLL_S)
    raise AssertionError("Mosquitto said nothing")


def test_agent_starts_before_the_broker_and_connects_later(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    sandbox.fault("refuse-connections")
    running = agent(config())
    running.counted(missed=1)

    sandbox.fault("normal")

    running.counted(accepted=1)
    assert running.status()["connection"]["connects"] == 1


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT], ids=lambda by: by.name)
def test_agent_leaves_with_a_farewell_and_no_last_will(
    sandbox: Sandbox, agent: Start, config: Config, connect: Connect, by: signal.Signals
) -> None:
    watcher = connect("edge-1")
    watcher.subscribe("devicewarden/edge-1/presence")
    running = agent(config(PRESENCE))
    running.counted(accepted=1)

    status = running.end(by)

    assert status == 0
    assert [presence(watcher), presence(watcher)] == [("online", "started"), ("offline", "stopped")]
    running.event("agent_stopped")
    assert how_it_left(sandbox) == "disconnected."
    assert not Path(running.socket).exists()


def test_agent_that_dies_leaves_its_last_will(
    sandbox: Sandbox, agent: Start, config: Config, connect: Connect
) -> None:
    watcher = connect("edge-1")
    watcher.subscribe("devicewarden/edge-1/presence")
    running = agent(config(PRESENCE))
    running.counted(accepted=1)

    running.kill()

    assert [presence(watcher), presence(watcher)] == [("online", "started"), ("offline", "lost")]
    assert how_it_left(sandbox) == "closed its connection."


def test_agent_leaves_while_the_broker_does_not_answer(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    running = agent(config(merge(PRESENCE, {"publish": {"attempts": 1}})))
    running.event("report_ended", outcome="accepted")
    sandbox.fault("black-hole")
    running.event("report_ended", outcome="missed")

    assert running.end() == 0
    running.event("agent_stopped")


def test_agent_leaves_while_it_waits_for_another_attempt(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    waits = {"publish": {"first_wait_s": 60, "max_wait_s": 60}, "log": {"level": "debug"}}
    running = agent(config(waits))
    running.event("report_ended", outcome="accepted")
    sandbox.fault("black-hole")
    running.event("attempt_failed")

    assert running.end() == 0
    running.event("agent_stopped")


def test_agent_leaves_while_a_command_runs_and_takes_it_along(
    agent: Start, config: Config, tmp_path: Path
) -> None:
    began = tmp_path / "pid"
    script = tmp_path / "slow"
    script.write_text(f"#!/bin/sh\necho $$ > {began}.new\nmv {began}.new {began}\nexec sleep 50\n")
    script.chmod(0o755)
    running = agent(config(more=SLEEPER.format(script)))
    running.until(lambda _: began.exists())

    assert running.end() == 0
    running.event("agent_stopped")
    assert not Path(f"/proc/{began.read_text().strip()}").exists()


def test_agent_that_is_killed_comes_back_with_its_ids_and_counts(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    file = config()
    first = agent(file)
    before = first.counted(accepted=3)["report"]
    first.kill()

    second = agent(file)
    at_first = second.until(lambda _: True)["report"]
    after = second.accepts(2)["report"]

    # The outcome that came just before the end may be lost, but no more.
    assert at_first["counts"]["accepted"] >= before["counts"]["accepted"] - 1
    assert after["counts"]["accepted"] > before["counts"]["accepted"]
    assert at_first["last"] is not None
    assert after["last"]["id"] > before["last"]["id"]
    ids = [received.document["header"]["report_id"] for received in sandbox.received]
    assert all(earlier < later for earlier, later in pairwise(ids))
    assert {received.verdict for received in sandbox.received} == {"accepted"}


def test_second_agent_is_refused_and_the_first_goes_on(agent: Start, config: Config) -> None:
    file = config()
    first = agent(file)
    first.counted(accepted=1)

    second = devicewarden("run", "--config", file)

    assert second.returncode == 70
    assert b"another devicewarden is running" in second.stderr
    assert first.socket.encode() in second.stderr
    first.accepts(1)


def test_agent_without_a_place_for_its_socket_works_and_says_so(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    watch = sandbox.watch()
    running = agent(config({"control": {"socket": "/proc/devicewarden/control.sock"}}))

    told = running.event("control_socket_not_opened", level="warning")

    assert "/proc/devicewarden" in told["error"]
    assert "control.socket" in told["hint"]
    assert watch.get(timeout=20).verdict == "accepted"
    asked = devicewarden("status", "--config", running.config)
    assert asked.returncode == 70
    assert b"no daemon answers" in asked.stderr


def test_agent_without_a_broker_works_locally(agent: Start, config: Config) -> None:
    running = agent(config({"publish": {"endpoint": ""}}))

    status = running.until(lambda status: status["sample"] is not None)

    assert status["connection"] is None
    assert status["problems"] == {}
    shown = devicewarden("status", "--config", running.config)
    assert b"works locally" in shown.stdout
    assert running.end() == 0


def test_agent_whose_state_cannot_be_kept_reports_and_says_so(
    agent: Start, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    running = agent(config({"state": {"dir": str(tmp_path / "file")}}))

    status = running.counted(accepted=2)

    assert str(tmp_path / "file") in status["problems"]["state"]


def test_bad_custom_metric_is_named_and_spoils_nothing(
    sandbox: Sandbox, agent: Start, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "good.json").write_text('{"number": 7}')
    folder = f'[custom_metrics]\ndirectory = "{tmp_path}"'
    running = agent(config(more=f"\n{folder}\n{SLEEPER.format('/bin/false')}"))

    status = running.counted(accepted=2)

    assert "bad.json" in status["problems"]["custom-files"]
    assert status["problems"]["custom-commands"] == "slow: exit status 1"
    told = [(event["kind"], event["level"]) for event in running.events("not_collected")]
    assert sorted(told) == [("custom-commands", "warning"), ("custom-files", "warning")]
    sent = sandbox.received[-1].document["custom_metrics"]
    assert sent["good"] == [{"number": 7}]
    assert not {"bad", "slow"} & set(sent)
