"""What the README tells a newcomer to type is typed here."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from devicewarden.cli.judge import load_judge
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


@pytest.mark.timeout(600)
def test_the_other_commands_install_an_agent_that_prints_a_valid_report(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "agent", tmp_path / "agent")
    commands = [command for command in COMMANDS if command not in RUN_BY_CI]

    done = subprocess.run(  # noqa: S603  the README's own words
        ["/bin/bash", "-euc", "\n".join(commands)],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()
    assert len(commands) >= 3
    report = done.stdout.splitlines()[-1]
    assert load_judge()(report, "json") == []
