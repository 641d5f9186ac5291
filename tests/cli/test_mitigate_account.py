"""`devicewarden mitigate ... --account`: its arguments, and what it tells without an account."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from devicewarden.cli.main import devicewarden
from devicewarden.config.knobs import knobs
from devicewarden.model.errors import AgentError

ACTIONS = Path(__file__).parent.parent / "data" / "mitigate"


@pytest.fixture(autouse=True)
def _settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for knob in knobs():
        monkeypatch.delenv(knob.variable, raising=False)
    monkeypatch.setenv("DEVICEWARDEN_MITIGATE__DIR", str(ACTIONS))
    monkeypatch.setenv("DEVICEWARDEN_STATE__DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DEVICEWARDEN_ACCOUNT__PROFILE", "nobody")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(devicewarden, ["mitigate", *arguments], standalone_mode=False)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("apply", "--retry", "a"), id="retry on the device"),
        pytest.param(("apply", "--account", "--pending"), id="what the agent asked for"),
        pytest.param(("undo", "--account"), id="undo of nothing"),
        pytest.param(("undo", "--account", "--all"), id="undo of everything"),
    ],
)
def test_arguments_that_contradict_are_refused(arguments: tuple[str, ...]) -> None:
    assert isinstance(run(*arguments).exception, click.UsageError)


@pytest.mark.parametrize("arguments", [("apply",), ("undo", "a" * 32)])
def test_an_account_that_cannot_be_reached_is_told(arguments: tuple[str, ...]) -> None:
    error = run(*arguments, "--account").exception

    assert isinstance(error, AgentError)
    assert "nobody" in str(error)


def test_a_list_of_nothing_is_empty() -> None:
    assert json.loads(run("list", "--account", "--json").stdout) == {"tasks": [], "executions": []}


def test_permissions_are_those_of_the_configured_actions() -> None:
    policy = json.loads(run("permissions").stdout)

    calls = {call for each in policy["Statement"] for call in each["Action"]}
    assert {"sns:Publish", "iot:CreatePolicyVersion", "iam:PassRole"} <= calls


def test_permissions_are_written_for_the_partition_of_the_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEVICEWARDEN_ACCOUNT__REGION", "cn-north-1")

    assert "arn:aws-cn:iot:*:*:policy/*" in run("permissions").stdout
