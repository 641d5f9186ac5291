"""The agent's sinks beside the broker: a dead one delays nobody, and the daemon stays small."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.agent_process import AgentProcess, devicewarden
from tests.e2e.alarms import FIRST_PORT, Violations, forbids_port, listen, profile
from tests.e2e.test_agent_footprint import HEAVY, loaded
from tests.notify.receiver import SECRET, answers, hangs, receiving

from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
WAIT_S = 20


def webhook(folder: Path, name: str, url: str) -> str:
    """Write a webhook's section, and its secret."""
    secret = folder / f"{name}.secret"
    secret.touch(0o600)
    secret.write_text(SECRET)
    return f'\n[[notify.webhooks]]\nname = "{name}"\nurl = "{url}"\nsecret_file = "{secret}"\n'


def command(name: str, *argv: str) -> str:
    return f'\n[[notify.commands]]\nname = "{name}"\nargv = {json.dumps(argv)}\n'


def queues(config: Path) -> dict[str, dict[str, Any]]:
    """What `outbox list --json` prints, by sink."""
    done = devicewarden("outbox", "list", "--json", "--config", config)
    assert done.returncode == 0, done.stderr
    return {each["sink"]: each for each in json.loads(done.stdout)}


def test_a_webhook_that_hangs_delays_no_other_sink_and_is_shown(
    sandbox: Sandbox, agent: Start, config: Config, tmp_path: Path
) -> None:
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    violations = Violations(sandbox)
    told = tmp_path / "told"
    with receiving(hangs) as dead, receiving(answers("204 No Content")) as alive:
        slow = webhook(tmp_path, "dead", dead.url) + "timeout_s = 1\n"
        more = slow + webhook(tmp_path, "alive", alive.url)
        more += command("file", "/bin/sh", "-c", f"cat >>{told}; echo >>{told}")
        file = config(more=more)
        running = agent(file, interpreter=["-v"])

        with listen():
            alarm = violations.next()
        cleared = violations.next()
        posted = [alive.requests.get(timeout=WAIT_S) for _ in range(2)]
        failed = running.event("event_not_delivered", sink="webhook:dead")
        running.until(lambda status: status["detection"]["sinks"].keys() >= {"webhook:dead"})
        running.until(
            lambda _: told.exists() and len(told.read_text().splitlines()) == 2  # each a line
        )
        found = queues(file)
        table = devicewarden("outbox", "list", "--config", file).stdout.decode()
        assert running.end() == 0

    kinds = [json.loads(request.body)["violationEventType"] for request in posted]
    assert kinds == ["in-alarm", "alarm-cleared"]
    assert len({request.headers["webhook-id"] for request in posted}) == 2
    written = [json.loads(line) for line in told.read_text().splitlines()]
    assert [each["violationEventType"] for each in written] == kinds
    assert {each["violationId"] for each in written} == {alarm.violation_id, cleared.violation_id}
    assert failed["error"] == "not done within 1 s"
    assert found["webhook:dead"]["waiting"] == 2
    assert found["webhook:dead"]["last_error"] == "not done within 1 s"
    assert found["webhook:alive"]["waiting"] == 0
    assert found["command:file"]["last_error"] is None
    assert "not done within 1 s" in table
    # TLS, HTTP and JSON of sinks live in processes that end.
    assert loaded(running.said, HEAVY) == set()


def test_a_sink_of_a_reload_is_told_and_one_that_was_taken_away_is_not(
    sandbox: Sandbox, agent: Start, config: Config, tmp_path: Path
) -> None:
    sandbox.write_profile("edge-1", profile(forbids_port(FIRST_PORT)))
    with receiving(answers("204 No Content")) as old, receiving(answers("204 No Content")) as new:
        file = config(more=webhook(tmp_path, "old", old.url))
        running = agent(file)
        with listen():
            assert json.loads(old.requests.get(timeout=WAIT_S).body)["thingName"] == "edge-1"
            config(more=webhook(tmp_path, "new", new.url))
            running.reload()
            running.event("configuration_reloaded")
        request = new.requests.get(timeout=WAIT_S)

    assert json.loads(request.body)["violationEventType"] == "alarm-cleared"
    assert old.requests.empty()
    assert list(queues(file)) == ["log", "mqtt", "webhook:new"]
