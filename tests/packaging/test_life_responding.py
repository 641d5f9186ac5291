"""Mitigation under a real systemd: the path unit, the service in its sandbox, and dpkg."""

import re
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.packaging.conftest import SUITES
from tests.packaging.machine import Machine

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
Told = Mapping[str, Any]
BROKER = ("mosquitto", "mosquitto-clients")


@pytest.fixture(scope="module")
def _told(files: Mapping[str, Path]) -> Mapping[str, Future[Told]]:
    with ThreadPoolExecutor() as pool:
        return {
            suite: pool.submit(Machine(suite, files, BROKER).boot, "respond") for suite in SUITES
        }


@pytest.fixture(scope="module", params=SUITES)
def told(request: pytest.FixtureRequest, _told: Mapping[str, Future[Told]]) -> Told:
    """What was told under the systemd of one release: scene -> facts."""
    return _told[request.param].result()


def became(scene: Told, name: str) -> tuple[str, str]:
    """Read what became of an action, and why."""
    record = scene[name]
    return record["status"], record.get("message", "")


def test_a_violation_leads_to_a_quarantine_within_two_seconds(told: Told) -> None:
    cut_off = told["cut_off"]

    raised_at = datetime.fromisoformat(cut_off["violation"]["violationStartTime"]).timestamp()
    (record,) = cut_off["records"]
    assert (record["actionType"], record["status"]) == ("QUARANTINE", "SUCCESSFUL")
    assert record["violationId"] == cut_off["violation"]["violationId"]
    assert cut_off["there_at"] - raised_at < 2
    assert (cut_off["result"], told["prepared"]["verified"]) == ("success", "")


def test_a_quarantine_leaves_the_broker_and_nobody_else(told: Told) -> None:
    cut_off = told["cut_off"]

    passes = [cut_off[who] for who in ("broker", "stranger", "is_reached")]
    assert passes == [True, False, False]


def test_it_is_told_to_the_broker_by_the_status_and_at_the_device(told: Told) -> None:
    cut_off = told["cut_off"]

    assert '"actionName": "cut-off"' in cut_off["events"][0]
    assert cut_off["status"]["connection"]["state"] == "connected"
    assert [each["actionName"] for each in cut_off["status"]["mitigation"]["in_effect"]] == [
        "cut-off"
    ]
    code, text, _ = cut_off["told"]
    assert code == 1
    assert "stays reachable: the broker 10.9.9.2:1883 (10.9.9.2)" in text


def test_who_ends_it_leaves_the_ruleset_byte_identical(told: Told) -> None:
    let_back = told["let_back"]

    assert let_back["off"][0] == let_back["status"][0] == 0
    assert let_back["ruleset"] == let_back["before"]
    assert [record["status"] for record in let_back["records"]] == ["UNDONE"]
    assert (let_back["stranger"], let_back["is_reached"]) == (True, True)


def test_it_ends_by_itself(told: Told) -> None:
    ended = told["ended_by_itself"]

    assert became(ended, "applied") == ("SUCCESSFUL", "")
    assert "inet devicewarden" in ended["between"]
    assert became(ended, "record") == ("EXPIRED", "")
    assert ended["ruleset"] == ended["before"]


def test_without_nft_it_is_a_failure_with_its_reason(told: Told) -> None:
    status, message = became(told["without_nft"], "record")

    assert status == "FAILED"
    assert message.startswith("nft cannot be started: No such file or directory")


@pytest.mark.parametrize("scene", ["stopped", "dimmed"], ids=["by-hand", "by-itself"])
def test_a_unit_is_stopped_and_runs_again(told: Told, scene: str) -> None:
    stopped = told[scene]

    assert became(stopped, "record") == ("SUCCESSFUL", "")
    assert (stopped["between"], stopped["after"]) == ("inactive", "active")


def test_units_that_the_device_is_repaired_by_are_never_stopped(told: Told) -> None:
    protected = told["protected"]

    assert {status["status"] for status in protected["records"].values()} == {"FAILED"}
    assert all("is protected" in record["message"] for record in protected["records"].values())
    assert set(protected["active"].values()) == {"active"}


def test_evidence_is_roots_small_and_sees_everybody(told: Told) -> None:
    collected = told["collected"]

    assert became(collected, "record") == ("SUCCESSFUL", "")
    assert collected["mode"].split("\n") == ["root 600", "root 700"]
    assert collected["bytes"] < 5_000_000
    (lurker,) = collected["lurker"]
    assert "/usr/bin/python3" in lurker
    assert "lurker.service" in lurker
    assert 'users:(("python3"' in collected["socket"][0]
    assert (collected["unit"], collected["log"], collected["root_mounted"]) == (True, True, True)


def test_a_command_that_forks_and_never_ends_is_killed_whole(told: Told) -> None:
    ran_away = told["ran_away"]

    assert became(ran_away, "never_ends") == (
        "FAILED",
        "/usr/local/sbin/runaway did not end within 1 s",
    )
    status, message = became(ran_away, "ends")
    assert status == "FAILED"
    # As many as were born by then.
    assert re.search(r"left \d+ processes behind: they were killed", message)
    assert ran_away["left"] == []


def test_a_command_that_is_not_allowed_is_not_run(told: Told) -> None:
    assert became(told["ran_away"], "forbidden") == (
        "FAILED",
        "/bin/true is not in mitigate.allow_commands",
    )


def test_a_service_that_is_killed_in_the_middle_mends_by_itself(told: Told) -> None:
    interrupted = told["interrupted"]

    assert interrupted["record"], interrupted["journal"]
    assert became(interrupted, "record") == ("FAILED", "it was interrupted, and taken back")
    assert interrupted["valve"] == ["close", "open"]


def test_what_is_not_allowed_is_refused_and_recorded(told: Told) -> None:
    planted = told["planted"]

    assert {name: became(planted["records"], name) for name in planted["records"]} == {
        "shut": ("FAILED", "BLOCK_PORT is not in mitigate.allow"),
        "unknown": ("FAILED", "no action unknown is configured"),
        "by-hand": ("FAILED", "no operator asks through the agent"),
    }
    assert planted["same"]


def test_traps_are_cleared_away_told_and_keep_nobody_busy(told: Told) -> None:
    planted = told["planted"]

    journal = "\n".join(planted["journal"])
    for name in ("link", "pipe", "huge", "half", "deep", "folder", "undo"):
        assert f"'{name}.json'" in journal
    assert not [name for name in planted["left"] if name.endswith(".json")]
    assert planted["path"] == "active"
    assert "start-limit-hit" not in journal


def test_a_folder_that_leads_elsewhere_is_removed_and_root_still_answers(told: Told) -> None:
    led_away = told["led_away"]

    assert "was no folder: it was removed" in "\n".join(led_away["journal"])
    assert (led_away["gone"], led_away["path"]) == (True, "active")
    assert led_away["starts"] < 10
    assert became(led_away, "record") == ("SUCCESSFUL", "")


def test_an_upgrade_lifts_nothing(told: Told) -> None:
    upgraded = told["upgraded"]

    assert upgraded["code"] == 0, upgraded["text"]
    assert upgraded["ruleset"].count("drop") == upgraded["before"].count("drop") > 0
    assert upgraded["lamp"] == "inactive"
    assert len(upgraded["status"]["mitigation"]["in_effect"]) == len(("quarantine", "unit"))


def test_removing_it_undoes_everything_and_keeps_evidence(told: Told) -> None:
    removed = told["removed"]

    assert removed["code"] == 0, removed["text"]
    assert (removed["ruleset"], removed["lamp"], removed["evidence"]) == ("", "active", 1)
    assert "devicewarden-mitigate-next" not in removed["units"]


def test_purging_it_in_a_quarantine_leaves_nothing(told: Told) -> None:
    purged = told["purged"]

    assert became(purged, "applied") == ("SUCCESSFUL", "")
    assert purged["code"] == 0, purged["text"]
    assert "inet devicewarden" in purged["before"]
    assert (purged["ruleset"], purged["left"], purged["units"]) == ("", [], "")


def test_the_exposure_of_roots_service_stays_as_it_is(told: Told) -> None:
    overall = told["prepared"]["exposure"].rpartition("exposure level for ")[2]

    assert float(overall.split(":")[1].split()[0]) <= 2.5, overall
