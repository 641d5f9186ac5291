"""Whatever ends the agent, systemd brings it back and says so."""

from collections.abc import Mapping
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
Life = Mapping[str, Any]


def said(scene: Mapping[str, Any], words: str) -> bool:
    return any(words in line for line in scene["journal"])


def test_an_agent_that_is_killed_comes_back(life: Life) -> None:
    killed = life["killed"]

    assert killed["status"] is not None
    assert said(killed, "code=killed, status=9/KILL")
    assert said(killed, "Scheduled restart job")


def test_an_agent_that_hangs_is_ended_by_the_watchdog_and_comes_back(life: Life) -> None:
    hung = life["hung"]

    assert hung["status"] is not None
    assert said(hung, "Watchdog timeout")
    assert said(hung, "Scheduled restart job")


def test_a_reload_keeps_the_process(life: Life) -> None:
    reloaded = life["reloaded"]

    assert reloaded["code"] == 0
    assert (reloaded["same_process"], reloaded["active"]) == (True, "active")
    assert said(reloaded, "configuration_reloaded")
