"""Root runs what root alone could have put there."""

import os
from pathlib import Path

import pytest
from tests.mitigate.fake_nft import FakeNft
from tests.mitigate.hosts import ask_for, host_of, settings_of

from devicewarden.mitigate.process import Ended
from devicewarden.mitigate.run_command import RunCommand
from devicewarden.model.action_params import RunCommand as Params
from devicewarden.model.errors import MitigationError

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the program has to be root's")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    found = tmp_path / "opt" / "bin" / "valve"
    found.parent.mkdir(parents=True)
    found.write_text("#!/bin/sh\n")
    found.chmod(0o755)
    return found


def ran(program: Path) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []

    def run(argv: tuple[str, ...], *, timeout_s: float, limit_bytes: int) -> Ended:
        assert timeout_s
        assert limit_bytes
        calls.append(argv)
        return Ended(0)

    settings = settings_of(allow_commands=(str(program),))
    host = host_of(FakeNft(), program.parent, settings=settings, run=run)
    RunCommand(ask_for(Params((str(program), "shut"), (), 5)), host).apply()
    return calls


def test_a_program_that_root_alone_may_write_is_run(program: Path) -> None:
    assert ran(program) == [(str(program), "shut")]


@pytest.mark.parametrize("above", [0, 1])
def test_a_program_below_a_folder_of_somebody_else_is_not(program: Path, above: int) -> None:
    os.chown(program.parents[above], 12345, -1)

    with pytest.raises(MitigationError, match="can be replaced"):
        ran(program)


def test_a_program_that_others_may_write_is_not(program: Path) -> None:
    program.chmod(0o775)

    with pytest.raises(MitigationError, match="alone may write"):
        ran(program)
