"""The interpreter is found on each release."""

import subprocess
from pathlib import Path

import pytest
from tests.packaging.built import ROOT

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("default", "started"),
    [
        pytest.param("python3.11", "python3.11", id="debian-12"),
        pytest.param("python3.13", "python3.13", id="debian-13"),
        pytest.param("python3.10", "python3.11", id="ubuntu-22.04"),
        pytest.param("python3.9", "python3.11", id="debian-11"),
        pytest.param(None, "python3.11", id="no-default"),
    ],
)
def test_the_newest_python_that_is_new_enough_is_started(
    tmp_path: Path, default: str | None, started: str
) -> None:
    for name in {default, started} - {None}:
        program = tmp_path / str(name)
        program.write_text('#!/bin/sh\necho "${0##*/} $*"\n')
        program.chmod(0o755)
    if default:
        (tmp_path / "python3").symlink_to(default)
    launcher = (ROOT / "packaging" / "launcher" / "python").read_text()

    said = subprocess.run(
        ["sh", "-c", launcher.replace("/usr/bin", str(tmp_path)), "sh", "launch.py", "status"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == f"{started} -IS launch.py status\n"
