"""Upgrade, downgrade, remove, purge: what dpkg does keeps what is the operator's."""

from collections.abc import Mapping
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
Life = Mapping[str, Any]


def test_an_upgrade_restarts_the_agent_once(life: Life) -> None:
    upgraded = life["upgraded"]

    assert upgraded["code"] == 0, upgraded["text"]
    assert upgraded["starts"] == 1
    assert upgraded["status"]["version"] == "99.0"
    assert upgraded["status"]["problems"] == {}


def test_an_upgrade_keeps_configuration_state_and_outbox(life: Life) -> None:
    upgraded = life["upgraded"]

    assert upgraded["config"].startswith("# ours\n")
    assert upgraded["before"]["violations"]
    assert upgraded["before"]["outbox"]
    assert upgraded["after"] == upgraded["before"]


def test_a_downgrade_works_and_keeps_them_too(life: Life) -> None:
    downgraded = life["downgraded"]

    assert downgraded["code"] == 0, downgraded["text"]
    assert (downgraded["starts"], downgraded["status"]["problems"]) == (1, {})
    assert downgraded["status"]["version"] != "99.0"
    assert downgraded["config"].startswith("# ours\n")
    assert downgraded["after"] == life["upgraded"]["before"]


def test_who_switched_it_off_keeps_it_off(life: Life) -> None:
    off = life["switched_off"]

    assert off["disabled"] == ["disabled", "inactive"]
    assert off["masked"] == ["masked", "inactive"]
    assert off["status"] is not None


def test_a_removal_stops_the_agent_and_keeps_what_is_the_operators(life: Life) -> None:
    removed = life["removed"]

    assert removed["code"] == 0, removed["text"]
    assert (removed["gone"], removed["load"]) == (True, "not-found")
    assert removed["config"].startswith("# ours\n")
    assert removed["state"] == life["upgraded"]["before"]


def test_a_removal_lifts_what_nobody_would_lift_any_more(life: Life) -> None:
    assert "devicewarden" in life["removed"]["table_before"]
    assert "devicewarden" not in life["removed"]["tables"]


def test_a_purge_leaves_nothing(life: Life) -> None:
    purged = life["purged"]

    assert purged["code"] == 0, purged["text"]
    assert purged["left"] == []
    assert (purged["user"], purged["group"], purged["units"]) == ("", "", "")
    assert purged["known"] != 0
