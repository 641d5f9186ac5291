"""Where no systemd runs the package installs all the same, and the agent is started by hand."""

from collections.abc import Mapping
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
Bare = Mapping[str, Any]


def test_it_installs_without_a_service_manager(bare: Bare) -> None:
    assert bare["installed"]["code"] == 0, bare["installed"]["text"]
    assert bare["installed"]["user"].startswith("devicewarden:")


def test_it_runs_in_the_foreground_until_it_is_told_to_stop(bare: Bare) -> None:
    ran = bare["ran_in_the_foreground"]

    assert ran["status"]["problems"] == {}
    assert ran["code"] == 0, ran["log"]


def test_it_is_upgraded_and_purged_without_a_service_manager(bare: Bare) -> None:
    last = bare["upgraded_and_purged"]

    assert (last["upgrade"][0], last["purge"][0]) == (0, 0), last
    assert last["left"] == ""
