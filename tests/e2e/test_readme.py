"""What the README tells a newcomer to type is typed here."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from devicewarden.config.profile import parse_profile

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]
RUN_BY_CI = {"make demo", "make test"}


def test_ci_runs_the_two_commands() -> None:
    script = (ROOT / ".ci" / "run").read_text().splitlines()

    assert set(COMMANDS) >= RUN_BY_CI
    assert set(script) >= RUN_BY_CI


def test_its_security_profile_is_one_that_aws_takes_too() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

    parsed = parse_profile(json.loads(block), name="readme", aws=True)

    assert parsed.profile is not None
    assert [p for p in parsed.problems if p.severity == "error"] == []


def test_its_audit_ends_with_a_verdict(tmp_path: Path) -> None:
    (audit,) = (command for command in COMMANDS if command.endswith(" audit"))

    done = subprocess.run(  # noqa: S603  the README's own words
        [sys.executable, "-m", *audit.split()],
        env={**os.environ, "DEVICEWARDEN_STATE__DIR": str(tmp_path)},
        capture_output=True,
        check=False,
    )

    assert done.returncode in {0, 1, 70}, done.stderr.decode()
    assert b"checks" in done.stdout + done.stderr
