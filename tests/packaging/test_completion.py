"""The shell completes what the commands of the package know."""

import subprocess
from pathlib import Path

import pytest
from tests.packaging.built import VENDOR

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PROGRAM = """#!/usr/bin/python3 -IS
import sys
sys.argv[0] = "devicewarden"
sys.path[:0] = [{agent!r}, {vendor!r}]
from devicewarden.__main__ import main
sys.exit(main())
"""
ASKING = """
. "$1"
COMP_WORDS=(devicewarden $2)
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_devicewarden_completion devicewarden
echo "${COMPREPLY[*]}"
"""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        pytest.param("stat", "status", id="a-command"),
        pytest.param("status --js", "--json", id="an-option"),
        pytest.param("once --format c", "cbor", id="a-value"),
        pytest.param("nothing-of-the-kind", "", id="nothing"),
    ],
)
def test_bash_offers_what_fits(tree: Path, tmp_path: Path, typed: str, offered: str) -> None:
    program = tmp_path / "devicewarden"
    program.write_text(
        PROGRAM.format(agent=f"{tree}/usr/lib/devicewarden", vendor=f"{tree}/{VENDOR}")
    )
    program.chmod(0o755)
    script = tree / "usr/share/bash-completion/completions/devicewarden"

    answer = subprocess.run(
        ["bash", "-c", ASKING, "bash", script, typed],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )

    assert (answer.stdout.strip(), answer.stderr) == (offered, "")
