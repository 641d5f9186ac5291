"""The package on a fresh device: it watches at once, in its sandbox, and sees everybody."""

from collections.abc import Mapping
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
Life = Mapping[str, Any]


def test_it_watches_within_half_a_minute_and_asks_nothing(life: Life) -> None:
    installed = life["installed"]

    assert installed["code"] == 0, installed["text"]
    assert installed["useful_after_s"] < 30
    assert installed["status"]["problems"] == {}
    assert "the agent works locally" in installed["for_people"]


def test_it_runs_as_its_own_user_with_no_capability(life: Life) -> None:
    installed = life["installed"]

    assert (installed["active"], installed["enabled"]) == ("active", "enabled")
    assert installed["user"] == "devicewarden"
    assert int(installed["capabilities"], 16) == 0


def test_its_exposure_is_low_and_its_unit_is_sound(life: Life) -> None:
    overall = life["installed"]["exposure"].rpartition("exposure level for ")[2]

    assert float(overall.split(":")[1].split()[0]) <= 1.5, overall
    assert life["installed"]["verified"] == ""


def test_its_folders_are_its_own_and_the_keys_are_roots(life: Life) -> None:
    assert life["installed"]["state_folder"] == "devicewarden 750"
    assert life["installed"]["certs_folder"] == "root 700"


def test_it_sees_ports_of_others(life: Life) -> None:
    listeners = life["saw_others"]["status"]["sample"]["tcp_listeners"]

    assert 8099 in {listener["port"] for listener in listeners}


def test_it_knows_user_unit_and_program_of_others_without_a_capability(life: Life) -> None:
    (owner,) = owners(life["saw_others"]["violation"])

    assert owner["uid"] == life["saw_others"]["uid"]
    assert owner["unit"] == "lurker.service"
    assert [program.startswith("python3") for program in owner["programs"]] == [True]


def test_it_counts_the_traffic_of_others(life: Life) -> None:
    traffic = life["saw_others"]["status"]["sample"]["traffic_since_start"]

    assert traffic["bytes_out"] > 100_000


def test_the_drop_in_names_the_exact_process(life: Life) -> None:
    exact = life["saw_exact_owners"]

    (owner,) = owners(exact["violation"])
    assert exact["capabilities"] == "0000000000080004"
    assert owner["pid"] == int(exact["pid"])
    assert owner["exact"] is True


def owners(violation: Mapping[str, Any]) -> list[Any]:
    found: list[Any] = violation["events"][0]["context"]["owners"]
    return found
