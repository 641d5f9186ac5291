"""Runs of `devicewarden audit` over doors."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result
from tests.audit.example import Door

from devicewarden.cli.audit import command
from devicewarden.cli.findings import command as findings_command

Build = Callable[..., None]
CLOSED, OPEN, DARK = Door("front"), Door("back", open=True), Door("cellar", open=None)
SUPPRESSION = {
    "checkName": "DOOR_SHUT_CHECK",
    "resourceIdentifier": {"host": "back"},
    "suppressIndefinitely": True,
    "description": "the cat",
}


def run(folder: Path, *arguments: str) -> Result:
    given = ["--config", str(folder / "config.toml"), *arguments]
    if arguments and arguments[0] in {"suppress", "unsuppress", "suppressions"}:
        given = [arguments[0], "--config", str(folder / "config.toml"), *arguments[1:]]
    return CliRunner().invoke(command, given, standalone_mode=False)


def listed(folder: Path, *arguments: str) -> list[dict[str, str]]:
    given = ["list", "--config", str(folder / "config.toml"), "--json", *arguments]
    result = CliRunner().invoke(findings_command, given, standalone_mode=False)
    found = json.loads(result.stdout)
    assert isinstance(found, list)
    return found
