"""What docs/audit-account.md tells people to type is typed here, at an account on loopback."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.e2e.account.conftest import aws
from tests.e2e.account.server import AwsServer

from devicewarden.audit.account.calls import CALLS
from devicewarden.audit.account.connections import MOST_EVENTS
from devicewarden.audit.account.each import PATIENCE
from devicewarden.cli.main import devicewarden
from devicewarden.config.knobs import knobs

__all__ = ["aws"]

TEXT = (Path(__file__).parent.parent / "docs" / "audit-account.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]


@pytest.fixture
def _auditor(aws: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for knob in knobs():
        monkeypatch.delenv(knob.variable, raising=False)
    monkeypatch.setenv("DEVICEWARDEN_STATE__DIR", str(tmp_path / "state"))
    monkeypatch.setenv("DEVICEWARDEN_AUDIT__DIR", str(tmp_path / "audit"))
    monkeypatch.setenv("DEVICEWARDEN_ACCOUNT__CACHE_DIR", str(tmp_path / "cache"))
    profile = tmp_path / "credentials"
    profile.write_text("[auditor]\naws_access_key_id = a\naws_secret_access_key = b\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    aws.answers["iot:ListCACertificates"] = {"certificates": []}


@pytest.mark.e2e
@pytest.mark.usefixtures("_auditor")
@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_works(line: str) -> None:
    program, *arguments = shlex.split(line)

    result = CliRunner().invoke(devicewarden, arguments, standalone_mode=False)

    assert program == "devicewarden"
    assert result.exception is None
    assert result.return_value in {0, 1, 70, None}


def test_every_call_stands_in_the_table() -> None:
    rows = [set(re.findall(r"`([a-z-]+:[A-Za-z0-9]+)`", line)) for line in TEXT.splitlines()]

    assert {frozenset(row) for row in rows if row} == {frozenset(each) for each in CALLS.values()}


def test_numbers_are_those_of_the_code() -> None:
    words = {5: "five"}

    assert f"{MOST_EVENTS:,} lines" in TEXT
    assert f"After {words[PATIENCE]} calls in a row" in TEXT
