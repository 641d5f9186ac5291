"""What docs/setup.md promises, tried out."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from devicewarden.cli.setup_answers import OPTIONS
from devicewarden.config.drop_in import NAME
from devicewarden.doctor.examine import NEED_SETTINGS
from devicewarden.sandbox.sandbox import Sandbox

TEXT = (Path(__file__).parent.parent / "docs" / "setup.md").read_text(encoding="utf-8")
ENDPOINT = "abc-ats.iot.eu-central-1.amazonaws.com"
ASKS, CONNECTS, PRINTS, EXAMINES = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def run(block: str, folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the page with a configuration of its own, as whoever runs the tests."""
    words = shlex.split(block.replace("\\\n", " ").removeprefix("sudo "))
    return subprocess.run(  # noqa: S603  our own documentation
        [sys.executable, "-m", *words, "--config", str(folder / "config.toml"), *more],
        cwd=folder,
        env={"PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Certificate and key where the page has them, and the rest of the configuration."""
    (tmp_path / "config.toml").write_text(f'[state]\ndir = "{tmp_path}"\n')
    return tmp_path


def test_every_option_that_it_names_exists() -> None:
    own = {"--broker", "--config", "--copy", "--no-copy", "--force", "--no-connect", "--json"}
    own |= {"--print-policy", "--literal", "--account", "--publish"}

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", TEXT)) <= own | set(OPTIONS)


def test_the_table_explains_every_look_of_the_doctor() -> None:
    table = TEXT.partition("| it says |")[2]

    rows = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))

    assert rows == {*NEED_SETTINGS, "clock", "configuration", "sockets", "cgroups"}


@pytest.mark.e2e
def test_without_a_terminal_the_first_command_says_what_it_lacks(folder: Path) -> None:
    ended = run(ASKS, folder)

    assert (ended.returncode, "--endpoint" in ended.stderr) == (2, True)


@pytest.mark.e2e
def test_the_command_with_options_writes_the_configuration(folder: Path) -> None:
    with Sandbox(folder / "sandbox", lambda _payload, _format: [], ("gw-1",)) as sandbox:
        files = sandbox.credentials("gw-1")
        files.cert_file.rename(folder / "certificate.pem")
        files.key_file.rename(folder / "private.key")

        ended = run(
            CONNECTS.replace(ENDPOINT, "localhost"),
            folder,
            *("--port", str(sandbox.port), "--ca", str(sandbox.ca_file), "--broker", "aws"),
        )

    assert ended.returncode == 0, ended.stderr
    assert (folder / "conf.d" / NAME).exists()
    assert "aws iot create-policy" in ended.stdout


@pytest.mark.e2e
def test_the_policy_is_printed_without_a_wildcard(folder: Path) -> None:
    printed = run(PRINTS, folder)

    statements = json.loads(printed.stdout)["Statement"]
    actions = {statement["Action"] for statement in statements}
    named = {f"`{action}`" for action in actions}
    assert named <= set(re.findall(r"`iot:\w+`", TEXT))
    assert "*" not in printed.stdout


@pytest.mark.e2e
def test_the_doctor_explains_a_host_without_an_agent(folder: Path) -> None:
    ended = run(EXAMINES, folder)

    assert ended.returncode == 70
    assert "start it: systemctl start devicewarden" in ended.stdout
