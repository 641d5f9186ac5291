"""The daemon on paho-mqtt, as it runs where awscrt has no wheel."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.agent_process import AgentProcess

from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e


def test_daemon_on_paho_reports_comes_back_after_the_broker_and_loads_no_other_mqtt(
    sandbox: Sandbox, agent: Callable[..., AgentProcess], config: Callable[..., Path]
) -> None:
    running = agent(config({"publish": {"library": "paho"}}), interpreter=["-v"])
    running.counted(accepted=2)
    sandbox.restart_broker()
    running.connected(times=2)
    running.accepts(1)

    assert running.end() == 0
    imported = {line.split("'")[1] for line in running.said if line.startswith("import '")}
    assert "paho.mqtt.client" in imported
    assert imported & {"awscrt", "awsiot", "click", "cryptography", "boto3"} == set()
