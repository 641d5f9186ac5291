"""SIGHUP: a changed configuration is taken or refused, and nothing is lost over it."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from tests.e2e.agent_process import AgentProcess

from devicewarden.sandbox.agent_config import merge, to_toml
from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]


def ids(sandbox: Sandbox) -> list[int]:
    return [received.document["header"]["report_id"] for received in sandbox.received]


def test_changed_names_are_used_on_the_connection_that_stands(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    running = agent(config())
    before = running.counted(accepted=2)["report"]["counts"]

    config({"report": {"names": "short"}})
    running.reload()
    running.event("configuration_reloaded")

    status = running.accepts(1)
    running.end()
    assert sandbox.received[0].payload.startswith(b'{"header":')
    assert sandbox.received[-1].payload.startswith(b'{"hed":')
    assert status["connection"]["connects"] == 1
    assert status["report"]["counts"]["accepted"] > before["accepted"]
    assert all(earlier < later for earlier, later in pairwise(ids(sandbox)))


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"report": {"intervall_s": 1}}, "did you mean interval_s?"),
        ({"publish": {"key_file": "KEY"}}, "cannot set up the connection"),
    ],
    ids=["unknown setting", "key of another certificate"],
)
def test_bad_configuration_is_refused_and_shown_until_a_good_one_comes(
    sandbox: Sandbox,
    agent: Start,
    config: Config,
    section: dict[str, dict[str, str]],
    words: str,
) -> None:
    if "key_file" in section.get("publish", {}):
        section = {"publish": {"key_file": str(sandbox.credentials("edge-2").key_file)}}
    running = agent(config())
    running.counted(accepted=1)

    config(section)
    running.reload()
    refused = running.event("configuration_refused", level="warning")
    status = running.accepts(1)

    assert words in refused["error"]
    assert words in status["problems"]["configuration"]
    assert status["connection"]["connects"] == 1
    config()
    running.reload()
    running.until(lambda status: status["problems"] == {})
    running.accepts(1)


def test_another_thing_at_another_endpoint_goes_on_counting(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    file = config()
    running = agent(file)
    before = running.counted(accepted=2)["report"]["counts"]
    other = sandbox.credentials("edge-2")
    changes = {
        "thing": {"name": "edge-2"},
        "publish": {
            "endpoint": "127.0.0.1",
            "cert_file": str(other.cert_file),
            "key_file": str(other.key_file),
        },
    }

    config(changes)
    running.reload()

    status = running.until(
        lambda status: (
            status["thing"] == "edge-2"
            and status["report"]["counts"]["accepted"] > before["accepted"]
        )
    )
    assert status["connection"]["endpoint"] == "127.0.0.1"
    running.accepts(1)
    things = [received.thing for received in sandbox.received]
    assert things == sorted(things)
    assert set(things) == {"edge-1", "edge-2"}
    assert all(earlier < later for earlier, later in pairwise(ids(sandbox)))


def test_broker_can_be_taken_away_and_given_back(agent: Start, config: Config) -> None:
    running = agent(config())
    before = running.counted(accepted=1)["report"]["counts"]

    config({"publish": {"endpoint": ""}})
    running.reload()
    local = running.until(lambda status: status["connection"] is None)
    config()
    running.reload()

    assert local["report"]["counts"]["accepted"] >= before["accepted"]
    running.accepts(1)


def test_log_level_is_changed_under_way(agent: Start, config: Config) -> None:
    running = agent(config({"log": {"level": "error"}}))
    running.counted(accepted=1)

    config({"log": {"level": "info"}})
    running.reload()

    running.event("configuration_reloaded")
    assert running.events("agent_started") == []


def test_settings_that_need_a_restart_are_named(
    sandbox: Sandbox, agent: Start, config: Config
) -> None:
    running = agent(config())
    running.counted(accepted=1)

    text = merge(
        sandbox.settings_for("edge-1"), {"state": {"keep_days": 3}, "log": {"format": "json"}}
    )
    running.reload(to_toml(text))

    running.event("restart_needed", settings="state")
    running.accepts(1)
    assert running.status()["problems"]["restart"] == "takes effect at the next start: state"
