"""Programs end in time, with all that they started, and their output is bounded."""

import os
import sys
from pathlib import Path

import pytest

from devicewarden.mitigate.process import run
from devicewarden.model.errors import MitigationError

pytestmark = pytest.mark.e2e

PYTHON = (sys.executable, "-P", "-c")
FORKS = (
    "import os, signal\n"
    "for _ in range(3):\n"
    "    if os.fork() == 0:\n"
    "        os.setsid()\n"
    "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "        os.fork()\n"
    "        signal.pause()\n"
)


def living_children() -> list[str]:
    ours = str(os.getpid())
    stats = [
        (folder / "stat").read_text().rpartition(")")[2].split()
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and (folder / "stat").exists()
    ]
    return [state for state, parent, *_ in stats if parent == ours and state != "Z"]


def test_what_it_says_and_how_it_ends_is_told() -> None:
    script = "import sys; print(sys.stdin.read()); print('why', file=sys.stderr); sys.exit(3)"

    ended = run((*PYTHON, script), stdin=b"asked", timeout_s=20)

    assert (ended.status, ended.out, ended.error, ended.left) == (3, b"asked\n", "why", 0)


def test_a_program_that_does_not_end_is_killed_with_all_it_started() -> None:
    before = living_children()

    with pytest.raises(MitigationError, match="did not end within 1 s"):
        run((*PYTHON, f"{FORKS}signal.pause()"), timeout_s=1)

    assert living_children() == before


def test_what_a_program_leaves_behind_is_killed_and_counted() -> None:
    before = living_children()

    ended = run((*PYTHON, FORKS), timeout_s=20)

    assert (ended.status, ended.left) == (0, 6)
    assert living_children() == before


def test_output_is_kept_to_a_limit_and_blocks_nobody() -> None:
    script = (
        "import os\nwhile os.write(1, bytes(65536)) and (n := globals().get('n', 0) + 1) < 99: pass"
    )

    ended = run((*PYTHON, script), timeout_s=20, limit_bytes=1000)

    assert (ended.status, len(ended.out)) == (0, 1000)


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(MitigationError, match="/nonexistent/nft cannot be started: No such file"):
        run(("/nonexistent/nft",), timeout_s=1)
