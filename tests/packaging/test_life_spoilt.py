"""What people do to a device: each is told clearly, and the agent goes on."""

from collections.abc import Mapping
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
Life = Mapping[str, Any]


def test_a_half_written_configuration_is_refused_at_a_reload(life: Life) -> None:
    problem = life["half_written"]["reloaded"]["problems"]["configuration"]

    assert problem.startswith("refused, the old one is in force: /etc/devicewarden/config.toml:4:")


def test_a_half_written_configuration_leaves_the_last_good_one_in_force(life: Life) -> None:
    spoilt = life["half_written"]

    assert spoilt["restart"] == 0
    assert spoilt["restarted"]["thing"] == "edge-7"
    problem = spoilt["restarted"]["problems"]["configuration"]
    assert problem.startswith("refused, the last good one is in force: /etc/devicewarden/")
    assert "configuration refused, the last good one is in force" in spoilt["systemctl_status"]
    assert any("configuration_refused" in line for line in spoilt["journal"])


def test_a_half_written_configuration_is_told_by_78(life: Life) -> None:
    for asked in ("check_config", "by_hand"):
        code, text, _ = life["half_written"][asked]
        assert code == 78
        assert "/etc/devicewarden/config.toml:4: is not TOML" in text


def test_a_configuration_that_never_worked_leaves_the_defaults_in_force(life: Life) -> None:
    status = life["broken_from_the_first_day"]["status"]

    assert status["problems"]["configuration"].startswith("refused, the default one is in force")


def test_a_mended_configuration_is_in_force_and_kept(life: Life) -> None:
    mended = life["mended"]

    assert (mended["status"]["thing"], mended["status"]["problems"]) == ("edge-7", {})
    assert "refused" not in mended["systemctl_status"].partition("Main PID")[0]
    assert mended["kept"] == "devicewarden 600"


def test_keys_that_only_root_may_read_reach_the_agent(life: Life) -> None:
    keys = life["keys_of_root"]

    assert keys["status"]["connection"]["endpoint"] == "127.0.0.1"
    assert "configuration" not in keys["status"]["problems"]
    assert keys["as_root"][0] == 0, keys["as_root"]
    assert keys["as_the_user"][0] != 0


def test_a_deleted_user_is_told_and_made_again_by_the_next_boot(life: Life) -> None:
    deleted = life["user_deleted"]

    assert deleted["start"][0] != 0
    assert any("user" in line.lower() and "217" in line for line in deleted["journal"])
    assert deleted["status"]["problems"] == {}


def test_a_state_folder_of_somebody_else_is_taken_back(life: Life) -> None:
    taken = life["state_of_somebody_else"]

    assert taken["owner"] == "devicewarden"
    assert taken["status"]["problems"] == {}


def test_an_older_state_file_is_brought_up_to_date(life: Life) -> None:
    assert life["older_state"]["status"]["problems"] == {}
    assert life["older_state"]["version"] > 1


def test_a_newer_state_file_is_left_alone_and_told(life: Life) -> None:
    newer = life["newer_state"]

    assert "install the newer devicewarden again" in newer["status"]["problems"]["state"]
    assert newer["version"] == newer["ours"] + 40
    assert newer["put_right"]["problems"] == {}


def test_a_read_only_root_is_told_and_stops_nothing(life: Life) -> None:
    spoilt = life["read_only_root"]

    assert spoilt["remounted"] == [0, 0]
    assert spoilt["status"] is not None, spoilt["journal"]
    assert "state" in spoilt["status"]["problems"]
    assert spoilt["afterwards"]["problems"] == {}
