"""`devicewarden audit`: schedules, suppressions, and arguments that are none."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from tests.audit.example import Door
from tests.cli.audit_scene import OPEN, SUPPRESSION, Build, listed, run

from devicewarden.cli.audit import command
from devicewarden.cli.findings import command as findings_command
from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import AgentError
from devicewarden.state.own import transact


def write_schedules(audit_folder: Path) -> None:
    schedules = [
        {
            "scheduledAuditName": "nightly",
            "frequency": "DAILY",
            "targetCheckNames": ["DOOR_SHUT_CHECK"],
        },
        {
            "scheduledAuditName": "monthly",
            "frequency": "MONTHLY",
            "dayOfMonth": "LAST",
            "targetCheckNames": ["DOOR_LOCKED_CHECK"],
        },
    ]
    (audit_folder / "audit" / "schedules.json").write_text(json.dumps(schedules))


def test_scheduled_audits_run_when_they_are_due(audit_folder: Path, house: Build) -> None:
    house(OPEN)
    write_schedules(audit_folder)

    first, second = run(audit_folder, "--if-due"), run(audit_folder, "--if-due")
    month_ago = (datetime.now(UTC) - timedelta(days=32)).timestamp() * 1000
    transact(
        StateSettings(dir=str(audit_folder / "state")),
        lambda db: db.execute("UPDATE audits SET started_at = ?", (int(month_ago),)),
    )
    third = run(audit_folder, "--if-due")

    assert [each.return_value for each in (first, second, third)] == [1, 0, 1]
    assert second.stdout == ""
    assert third.stdout.count("SEVERITY") == 2


def test_without_a_schedule_all_checks_run_once_a_day(audit_folder: Path, house: Build) -> None:
    house(OPEN)

    first, second = run(audit_folder, "--if-due"), run(audit_folder, "--if-due")

    assert (len(first.stdout.splitlines()), second.stdout) == (3, "")


def test_nothing_is_ever_due_where_the_settings_say_so(
    audit_folder: Path, house: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    house(OPEN)
    monkeypatch.setenv("DEVICEWARDEN_AUDIT__RUN_BY", "never")

    assert (run(audit_folder, "--if-due").return_value, run(audit_folder).return_value) == (0, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--check", "no-such-check"], id="unknown check"),
        pytest.param(["--check", "\x1b[2J"], id="escape"),
        pytest.param(["--severity", "BAD"], id="unknown severity"),
        pytest.param(["--format", "pdf"], id="unknown format"),
        pytest.param(["--if-due", "--no-record"], id="due and not recorded"),
        pytest.param(["--if-due", "--format", "json"], id="due and a document"),
        pytest.param(["suppress", "door-shut", "host=a", "--reason", "x"], id="no end"),
        pytest.param(
            ["suppress", "door-shut", "host=a", "--until", "soon", "--reason", "x"], id="no date"
        ),
        pytest.param(
            ["suppress", "door-shut", "host=a", "--until", "2001-01-01", "--reason", "x"],
            id="past",
        ),
        pytest.param(
            ["suppress", "door-shut", "house=a", "--indefinitely", "--reason", "x"],
            id="no such member",
        ),
        pytest.param(
            ["suppress", "door-shut", "back", "--indefinitely", "--reason", "x"], id="no resource"
        ),
        pytest.param(
            ["suppress", "door-shut", "{", "--indefinitely", "--reason", "x"], id="no JSON"
        ),
        pytest.param(
            ["suppress", "door-shut", "host=a", "--indefinitely", "--reason", "\x1b[2J"],
            id="reason with an escape",
        ),
    ],
)
@pytest.mark.usefixtures("house")
def test_wrong_arguments_are_a_usage_error(audit_folder: Path, arguments: list[str]) -> None:
    given = ["--config", str(audit_folder / "config.toml"), *arguments]
    if arguments[0] == "suppress":
        given = ["suppress", *given[:2], *arguments[1:]]

    result = CliRunner().invoke(command, given)

    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert "\x1b" not in result.output


@pytest.mark.parametrize("written", ["host=back", '{"host": "back"}', "FINDING"])
def test_a_suppressed_finding_counts_no_more(
    audit_folder: Path, house: Build, written: str
) -> None:
    house(OPEN)
    run(audit_folder, "--check", "door-shut")
    resource = listed(audit_folder)[0]["findingId"] if written == "FINDING" else written

    made = run(
        audit_folder, "suppress", "door-shut", resource, "--until", "30d", "--reason", "a cat"
    )
    result = run(audit_folder, "--check", "door-shut")

    assert "suppressed until" in made.stderr
    assert result.return_value == 0
    assert "0 findings, 1 suppressed" in result.stderr
    assert all(each["isSuppressed"] for each in listed(audit_folder))


def test_a_finding_whose_resource_has_a_name_of_no_shape_is_suppressed_by_its_id(
    audit_folder: Path, house: Build
) -> None:
    house(Door("back\nside", open=True))
    run(audit_folder, "--check", "door-shut")
    finding_id = listed(audit_folder)[0]["findingId"]

    run(audit_folder, "suppress", "door-shut", finding_id, "--indefinitely", "--reason", "a cat")

    assert run(audit_folder, "--check", "door-shut").return_value == 0


def test_an_end_that_no_calendar_has_is_a_usage_error(audit_folder: Path, house: Build) -> None:
    house(OPEN)
    end = "9999-12-31T23:59:59-12:00"

    made = run(audit_folder, "suppress", "door-shut", "host=back", "--until", end, "--reason", "x")

    assert isinstance(made.exception, click.BadParameter)
    assert run(audit_folder, "suppressions").return_value is None


def test_suppressions_of_command_and_document_are_both_in_force(
    audit_folder: Path, house: Build
) -> None:
    house(OPEN)
    (audit_folder / "audit" / "x.json").write_text(json.dumps(SUPPRESSION))
    run(audit_folder, "suppress", "door-locked", "host=back", "--indefinitely", "--reason", "old")

    result, shown = run(audit_folder), run(audit_folder, "suppressions", "--json")

    assert result.return_value == 0
    assert [(each["checkName"], each["source"]) for each in json.loads(shown.stdout)] == [
        ("DOOR_LOCKED_CHECK", "command"),
        ("DOOR_SHUT_CHECK", "document"),
    ]


def test_a_suppression_is_taken_back(audit_folder: Path, house: Build) -> None:
    house(OPEN)
    run(audit_folder, "suppress", "door-shut", "host=back", "--indefinitely", "--reason", "a cat")

    run(audit_folder, "unsuppress", "door-shut", "host=back")
    again = run(audit_folder, "unsuppress", "door-shut", "host=back")

    assert run(audit_folder, "--check", "door-shut").return_value == 1
    assert isinstance(again.exception, AgentError)


@pytest.mark.usefixtures("house")
def test_list_tells_what_checks_need() -> None:
    table = CliRunner().invoke(command, ["list"], standalone_mode=False)
    document = CliRunner().invoke(command, ["list", "--json"], standalone_mode=False)

    assert ["door-shut", "HIGH", "the", "doors"] in [
        line.split() for line in table.stdout.splitlines()
    ]
    assert json.loads(document.stdout)[0]["reasonCodes"] == {"DOOR_OPEN": "the door is open"}


def test_show_tells_one_finding_with_its_remedy(audit_folder: Path, house: Build) -> None:
    house(OPEN)
    run(audit_folder, "--check", "door-shut")
    given = [
        "show",
        "--config",
        str(audit_folder / "config.toml"),
        listed(audit_folder)[0]["findingId"],
    ]

    result = CliRunner().invoke(findings_command, given, standalone_mode=False)

    assert "Shut the door." in result.stdout
    assert "open" in result.stdout.splitlines()[1].split()


def test_a_list_of_a_check_that_does_not_exist_is_a_usage_error(
    audit_folder: Path, house: Build
) -> None:
    house(OPEN)
    run(audit_folder)
    given = ["list", "--config", str(audit_folder / "config.toml"), "--check", "door-shutt"]

    result = CliRunner().invoke(findings_command, given)

    assert (result.exit_code, "door-shut" in result.output) == (2, True)
    assert [each["checkName"] for each in listed(audit_folder, "--check", "DOOR_SHUT_CHECK")] == [
        "DOOR_SHUT_CHECK"
    ]
