"""`devicewarden audit policy`: policies in a pipeline, good, bad and none at all."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devicewarden.cli.audit import command

BROAD = Path(__file__).parent.parent / "data" / "audit" / "device-policy.json"
CONDITION = {"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}}
NARROW = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "iot:Connect",
            "Resource": (
                "arn:aws:iot:eu-central-1:123456789012:client/${iot:Connection.Thing.ThingName}"
            ),
            "Condition": CONDITION,
        }
    ],
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["policy", *arguments], standalone_mode=False)


@pytest.fixture
def narrow(tmp_path: Path) -> Path:
    file = tmp_path / "narrow.json"
    file.write_text(json.dumps(NARROW))
    return file


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    file = tmp_path / "broken.json"
    file.write_bytes(b'{"Statement": \xff\x1b[2J')
    return file


def test_a_narrow_policy_is_status_0(narrow: Path) -> None:
    result = run(str(narrow))

    assert (result.return_value, result.output) == (0, "")


def test_a_broad_policy_is_told_with_its_line_and_status_1() -> None:
    result = run(str(BROAD))

    assert result.return_value == 1
    assert result.stdout.startswith(f"{BROAD}:4:")
    assert "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS" in result.stdout


def test_a_document_that_cannot_be_judged_is_status_70_and_no_escape_is_shown(
    broken: Path,
) -> None:
    result = run(str(broken))

    assert (result.return_value, result.stdout) == (70, "")
    assert "cannot be judged" in result.stderr
    assert "\x1b" not in result.output


def test_every_file_is_judged(narrow: Path, broken: Path) -> None:
    result = run("--format", "json", str(broken), str(BROAD), str(narrow))

    assert [each["file"] for each in json.loads(result.stdout)] == [str(broken), str(BROAD)]
    assert result.return_value == 1


def test_a_policy_is_read_from_standard_input() -> None:
    given = ["policy", "-"]

    result = CliRunner().invoke(command, given, input=BROAD.read_bytes(), standalone_mode=False)

    assert result.return_value == 1
    assert result.stdout.startswith("-:4:")


def test_sarif_has_the_lines_and_what_failed(broken: Path) -> None:
    result = run("--format", "sarif", str(broken), str(BROAD))

    (only,) = json.loads(result.stdout)["runs"]
    (found,) = only["results"]
    assert found["ruleId"] == "iot-policy-overly-permissive"
    assert found["locations"][0]["physicalLocation"]["region"]["startLine"] == 4
    assert only["invocations"][0]["executionSuccessful"] is False


def test_kind_decides_which_checks_judge() -> None:
    result = run("--kind", "cognito-unauth", "--format", "json", str(BROAD))

    checks = {each["check"] for each in json.loads(result.stdout)}
    assert checks == {"unauthenticated-cognito-role-overly-permissive"}


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["policy", str(tmp_path / "none.json")])

    assert result.exit_code == 2
