"""`devicewarden audit` where a check is switched off, or nothing can be kept."""

import json
from pathlib import Path

import pytest
from tests.cli.audit_scene import OPEN, Build, listed, run

from devicewarden.model.errors import StateError


def test_findings_of_a_check_that_is_switched_off_are_over(
    audit_folder: Path, house: Build
) -> None:
    house(OPEN)
    run(audit_folder)
    before = [each["checkName"] for each in listed(audit_folder)]
    document = {"auditCheckConfigurations": {"DOOR_SHUT_CHECK": {"enabled": False}}}
    (audit_folder / "audit" / "off.json").write_text(json.dumps(document))

    again = run(audit_folder)

    assert "DOOR_SHUT_CHECK" in before
    assert "1 resolved" in again.stderr
    assert "DOOR_SHUT_CHECK" not in [each["checkName"] for each in listed(audit_folder)]


def test_asked_for_by_name_it_runs_and_its_findings_last(audit_folder: Path, house: Build) -> None:
    house(OPEN)
    run(audit_folder)
    document = {"auditCheckConfigurations": {"DOOR_SHUT_CHECK": {"enabled": False}}}
    (audit_folder / "audit" / "off.json").write_text(json.dumps(document))

    again = run(audit_folder, "--check", "door-shut")

    assert "resolved" not in again.stderr


def test_where_nothing_can_be_kept_the_way_out_is_named(audit_folder: Path, house: Build) -> None:
    house(OPEN)
    (audit_folder / "state").write_text("no folder")

    result = run(audit_folder)

    assert isinstance(result.exception, StateError)
    assert "--no-record" in result.exception.hint


@pytest.mark.parametrize("member", ["clientId=back", "deviceCertificateId=" + "4f" * 32])
def test_a_suppression_that_would_suppress_nothing_is_refused(
    audit_folder: Path, house: Build, member: str
) -> None:
    house(OPEN)

    result = run(
        audit_folder, "suppress", "door-shut", member, "--indefinitely", "--reason", "the cat"
    )

    assert "must have path or host" in str(result.exception)
