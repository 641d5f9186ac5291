"""`devicewarden audit`: what it prints, how it exits, and what it keeps."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.audit.certificates import ec_key, key_pem
from tests.audit.example import Door, House
from tests.cli.audit_scene import CLOSED, DARK, OPEN, SUPPRESSION, Build, listed, run
from tests.state.scene import drained, opened

from devicewarden.audit import registry
from devicewarden.model.errors import AgentError, AuditError, ConfigError


@pytest.mark.parametrize(
    ("doors", "status"),
    [
        pytest.param([CLOSED], 0, id="compliant"),
        pytest.param([OPEN], 1, id="finding"),
        pytest.param([DARK], 70, id="undecided"),
        pytest.param([DARK, OPEN], 1, id="a finding and something undecided"),
    ],
)
def test_the_exit_status_tells(
    audit_folder: Path, house: Build, doors: list[Door], status: int
) -> None:
    house(*doors)

    assert run(audit_folder).return_value == status


def test_a_table_of_findings_is_printed_and_the_rest_told_on_stderr(
    audit_folder: Path, house: Build
) -> None:
    house(CLOSED, OPEN, DARK)

    result = run(audit_folder)

    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["SEVERITY", "CHECK", "RESOURCE", "REASON", "FINDING"]
    assert [line[:3] for line in lines[1:]] == [
        ["HIGH", "door-shut", "back"],
        ["LOW", "door-locked", "back"],
    ]
    assert "2 checks: 0 compliant, 0 not compliant, 2 undecided; 2 findings" in result.stderr
    assert "undecided: door-shut: door cellar cannot be seen (switch on" in result.stderr


def test_a_long_reason_does_not_fill_the_terminal(audit_folder: Path, house: Build) -> None:
    house(Door("b" * 1500, open=True), Door("c" * 5000, open=None))

    result = run(audit_folder, "--check", "door-shut")

    assert all(len(line) < 300 for line in result.stdout.splitlines())
    assert all(len(line) < 2100 for line in result.stderr.splitlines())


def test_files_that_a_start_refuses_are_what_an_audit_tells(
    audit_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = audit_folder / "key.pem"
    key.write_bytes(key_pem(ec_key("device")))
    key.chmod(0o644)
    monkeypatch.setenv("DEVICEWARDEN_PUBLISH__KEY_FILE", str(key))
    monkeypatch.setenv("DEVICEWARDEN_PUBLISH__CERT_FILE", str(audit_folder / "away.pem"))

    judged = run(audit_folder, "--check", "private-key-readable")
    absent = run(audit_folder, "--check", "device-certificate-expiring", "--no-record")

    assert "1 checks" in judged.stderr
    assert "0 undecided" in judged.stderr
    assert absent.return_value == 70
    assert "away.pem is not there" in absent.stderr


def test_an_inventory_that_fails_half_way_is_undecided(audit_folder: Path, house: Build) -> None:
    house(CLOSED, ends_with=AuditError("the disk is gone"))

    result = run(audit_folder)

    assert result.return_value == 70
    assert "undecided: door-shut: the disk is gone" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "checks"),
    [
        (["--check", "door-locked"], 1, ["door-locked"]),
        (["--check", "DOOR_SHUT_CHECK"], 1, ["door-shut"]),
        (["--severity", "HIGH"], 1, ["door-shut"]),
        (["--severity", "CRITICAL"], 0, []),
        (["--check", "door-locked", "--severity", "HIGH"], 0, []),
    ],
)
def test_checks_and_severity_are_chosen(
    audit_folder: Path, house: Build, arguments: list[str], status: int, checks: list[str]
) -> None:
    house(OPEN)

    result = run(audit_folder, "--format", "json", *arguments)

    names = [each["checkName"] for each in json.loads(result.stdout)["findings"]]
    assert names == [f"{name.upper().replace('-', '_')}_CHECK" for name in checks]
    assert result.return_value == status


@pytest.mark.parametrize(
    ("form", "understood"),
    [
        ("json", lambda text: json.loads(text)["taskType"] == "ON_DEMAND_AUDIT_TASK"),
        ("sarif", lambda text: len(json.loads(text)["runs"][0]["results"]) == 2),
        ("junit", lambda text: ET.fromstring(text).attrib["failures"] == "2"),  # noqa: S314  ours
        ("html", lambda text: text.startswith("<!doctype html>")),
        ("table", lambda text: text.startswith("SEVERITY")),
    ],
)
def test_every_format_goes_to_a_file(
    audit_folder: Path, house: Build, form: str, understood: Callable[[str], bool]
) -> None:
    house(OPEN)

    result = run(audit_folder, "--format", form, "--output", str(audit_folder / "out"))

    assert result.stdout == ""
    assert understood((audit_folder / "out").read_text())


def test_a_resource_with_a_hostile_name_does_not_reach_the_terminal(
    audit_folder: Path, house: Build
) -> None:
    house(Door("\x1b[2J\u202e\udcff", open=True))

    outputs = [run(audit_folder, "--format", form).output for form in ("table", "json")]

    assert not any({"\x1b", "\u202e"} & set(output) for output in outputs)


def test_findings_are_kept_told_once_and_resolved(audit_folder: Path, house: Build) -> None:
    house(OPEN)
    statuses = [run(audit_folder, "--check", "door-shut").return_value for _ in range(2)]
    house(CLOSED)

    result = run(audit_folder, "--check", "door-shut")

    with closing(opened(audit_folder / "state")) as state:
        events = drained(state, "mqtt")
    assert statuses == [1, 1]
    assert "0 new, 0 changed, 1 resolved" in result.stderr
    assert len(events) == 5
    assert listed(audit_folder) == []
    assert len(listed(audit_folder, "--all")) == 1


def test_what_the_daemon_publishes_is_a_finding_in_the_shape_of_aws(
    audit_folder: Path, house: Build
) -> None:
    house(OPEN)
    run(audit_folder, "--check", "door-shut")

    with closing(opened(audit_folder / "state")) as state:
        entry = state.outbox.next("mqtt")
    assert entry is not None
    document = json.loads(entry.payload)
    assert (entry.kind, entry.event_id) == ("finding", f"{document['findingId']}-1")
    assert document["findingEventType"] == "finding-opened"
    assert document["checkName"] == "DOOR_SHUT_CHECK"
    assert document["nonCompliantResource"]["resourceIdentifier"] == {"host": "back"}


def test_no_record_keeps_nothing_and_makes_no_state_file(audit_folder: Path, house: Build) -> None:
    house(OPEN)

    result = run(audit_folder, "--no-record")

    assert result.return_value == 1
    assert not (audit_folder / "state").exists()


def test_where_nothing_can_be_kept_the_audit_does_not_begin(
    audit_folder: Path, house: Build
) -> None:
    house(OPEN)
    (audit_folder / "state").write_text("no folder")

    result = run(audit_folder)

    assert isinstance(result.exception, AgentError)
    assert result.stdout == ""


def test_a_wrong_document_is_told_and_ends_the_audit(audit_folder: Path, house: Build) -> None:
    house(OPEN)
    (audit_folder / "audit" / "x.json").write_text(
        json.dumps({**SUPPRESSION, "checkName": "X_CHECK"})
    )

    result = run(audit_folder)

    assert isinstance(result.exception, ConfigError)
    assert str(audit_folder / "audit" / "x.json") in str(result.exception)


def test_a_document_disables_a_check_unless_it_is_asked_for(
    audit_folder: Path, house: Build
) -> None:
    house(OPEN)
    document = {"auditCheckConfigurations": {"DOOR_SHUT_CHECK": {"enabled": False}}}
    (audit_folder / "audit" / "x.json").write_text(json.dumps(document))

    usual, asked = run(audit_folder), run(audit_folder, "--check", "door-shut")

    assert "door-shut" not in usual.stdout
    assert "door-shut" in asked.stdout


def test_a_check_that_cannot_be_decided_here_is_told_and_not_taken_for_compliant(
    audit_folder: Path, house: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    house(CLOSED)
    inventory = House((), classes=frozenset())
    monkeypatch.setattr(registry, "open_device", lambda _settings: inventory)

    result = run(audit_folder, "--check", "door-shut")

    assert isinstance(result.exception, AuditError)
    assert result.exception.hint == "it needs the doors"
