"""Processes of our own load our libraries and nobody else's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devicewarden.config.own_python import own_python

AGENT = Path(__file__).parents[2] / "agent" / "devicewarden"
MAY_NAME_IT = {"config/own_python.py", "cli/resident.py"}
"""The second starts the daemon again as it was started; the sandbox is started by people."""


def test_a_process_of_ours_is_told_where_our_libraries_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["", "/ours", "/ours/vendor"])
    monkeypatch.setenv("LANG", "C")

    argv, environment = own_python("devicewarden", "audit", "--if-due")

    assert argv[1:] == ["-P", "-S", "-m", "devicewarden", "audit", "--if-due"]
    assert environment["PYTHONPATH"] == f"/ours{os.pathsep}/ours/vendor"
    assert environment["LANG"] == "C"


def test_nobody_else_starts_the_interpreter() -> None:
    found = {
        source.relative_to(AGENT).as_posix()
        for source in AGENT.rglob("*.py")
        if "sys.executable" in source.read_text()
    }

    assert {name for name in found if not name.startswith("sandbox/")} == MAY_NAME_IT


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["sitecustomize", "usercustomize"])
def test_what_the_agent_may_write_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / f"{name}.py").write_text("print('run')")
    monkeypatch.syspath_prepend(str(tmp_path))

    argv, environment = own_python("devicewarden", "--version")
    said = subprocess.run(  # noqa: S603  our own interpreter
        argv, env=environment, capture_output=True, text=True, check=True
    )

    assert "devicewarden" in said.stdout
    assert "run" not in said.stdout.split()
