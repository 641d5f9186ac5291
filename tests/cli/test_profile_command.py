"""`profile check` and `profile import`: what they print, where, and how they exit."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.config.profiles import EXAMPLES, example, static

from devicewarden.cli import profile
from devicewarden.config.profile_files import read_profile
from devicewarden.model.errors import AgentError

GOOD = str(EXAMPLES / "d01-profile-rules.json")
FAST = [static(durationSeconds=60)]


def run(*arguments: str, stdin: Any = None) -> Result:
    text = stdin if isinstance(stdin, str | None) else json.dumps(stdin)
    return CliRunner().invoke(profile.command, arguments, input=text)


@pytest.fixture
def fast(tmp_path: Path) -> str:
    file = tmp_path / "fast.json"
    file.write_text(json.dumps(FAST))
    return str(file)


def test_check_tells_warnings_and_succeeds(fast: str) -> None:
    result = run("check", fast)

    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == (
        f"{fast}: warning: $[0].criteria.durationSeconds: "
        "AWS takes 300, 600, 900, 1800, 3600 only, not 60\n"
        f"{fast}: profile fast can be judged, behaviors: 1\n"
    )


def test_check_for_aws_makes_what_aws_refuses_an_error(fast: str) -> None:
    result = run("check", "--aws", fast)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"{fast}: error: $[0].criteria.durationSeconds: ")


def test_check_fails_for_one_bad_file_of_many(fast: str, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.json")

    result = run("check", fast, missing, GOOD)

    assert result.exit_code == 1
    assert f"{missing}: error: $: cannot be read: No such file or directory" in result.stderr
    assert f"{GOOD}: profile edge-baseline can be judged, behaviors: 7" in result.stderr


def test_check_names_a_file_without_writing_on_the_terminal(tmp_path: Path) -> None:
    good, bad = tmp_path / "\x1b[2Jgood.json", tmp_path / "\x1b[2Jbad\n.json"
    good.write_text(Path(GOOD).read_text())
    bad.write_text("{")

    result = run("check", str(good), str(bad))

    assert f"{tmp_path}/?[2Jgood.json: profile " in result.stderr
    assert f"{tmp_path}/?[2Jbad?.json: error: $: is not JSON" in result.stderr
    assert "\x1b" not in result.stderr


def test_check_tells_problems_as_json(fast: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[7]")

    result = run("check", "--format", "json", fast, str(broken))

    first, second = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (first["file"], first["valid"], first["profile"]) == (fast, True, "fast")
    assert [p["severity"] for p in first["problems"]] == ["warning"]
    assert second == {
        "file": str(broken),
        "valid": False,
        "profile": None,
        "problems": [
            {"path": "$[0]", "reason": "must be an object, not a number", "severity": "error"}
        ],
    }


def test_import_writes_a_profile_that_loads_and_says_what_is_judged(tmp_path: Path) -> None:
    added = {"securityProfileArn": "arn:x", "version": 1, "creationDate": 1.5}
    document = example("d08-profile-retain-and-export")

    result = run("import", "--dir", str(tmp_path), stdin=document | added)

    file = tmp_path / "edge-export.json"
    assert result.exit_code == 0
    assert json.loads(file.read_text()) == document
    assert read_profile(file).profile is not None
    assert f"written {file}" in result.stderr
    assert result.stdout == (
        "authz-failures (aws:num-authorization-failures): "
        "judged for the agent's own connection only\n"
    )


def test_import_says_what_there_is_no_data_for(tmp_path: Path) -> None:
    behaviors = [*example("d07-behaviors-with-dimension"), static()]
    document = {"securityProfileName": "p", "behaviors": behaviors}

    result = run("import", "--dir", str(tmp_path), stdin=document)

    assert result.stdout.splitlines() == [
        "telemetry-size (aws:message-byte-size): no data",
        "other-topics-quiet (aws:num-messages-sent): no data",
        "b (aws:all-bytes-out): judged",
    ]


def test_import_keeps_the_targets_it_is_given(tmp_path: Path) -> None:
    arn = example("d11-attach-targets")[0]

    result = run(
        "import", "--dir", str(tmp_path), "--target", arn, stdin={"securityProfileName": "p"}
    )

    assert result.exit_code == 0
    assert read_profile(tmp_path / "p.json").targets == (arn,)


def test_import_writes_nothing_that_cannot_be_judged(tmp_path: Path) -> None:
    bad = {"securityProfileName": "p", "behaviors": [static("aws:nothing")]}

    result = run("import", "--dir", str(tmp_path), stdin=bad)

    assert result.exit_code == 1
    assert "standard input: error: $.behaviors[0].metric" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_import_replaces_a_profile_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text("mine")
    document = {"securityProfileName": "p", "behaviors": []}

    refused = run("import", "--dir", str(tmp_path), stdin=document)
    kept = (tmp_path / "p.json").read_text()
    forced = run("import", "--dir", str(tmp_path), "--force", stdin=document)

    assert isinstance(refused.exception, AgentError)
    assert kept == "mine"
    assert forced.exit_code == 0
    assert json.loads((tmp_path / "p.json").read_text()) == document


def test_import_goes_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVICEWARDEN_DETECT__PROFILES_DIR", str(tmp_path))
    config = tmp_path / "config.toml"
    config.write_text("")

    result = run("import", "--config", str(config), stdin={"securityProfileName": "p"})

    assert result.exit_code == 0
    assert (tmp_path / "p.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_import_refuses_what_is_no_output_of_aws(text: str, tmp_path: Path) -> None:
    result = run("import", "--dir", str(tmp_path), stdin=text)

    assert isinstance(result.exception, AgentError)
    assert str(result.exception).startswith("standard input is no")


@pytest.mark.parametrize("subcommand", ["check", "import"])
def test_help_is_there(subcommand: str) -> None:
    result = run(subcommand, "--help")

    assert result.exit_code == 0
    assert "profile" in result.stdout
