"""The state under kill -9, and for users who may only read."""

import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from tests.state.scene import SINKS, START, Clock, drained, opened, step

from devicewarden.state.violation_records import Filter

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parent.parent.parent
LIVES = 25
READER = """
import os
import sys
from devicewarden.config.settings import StateSettings
from devicewarden.state.look import look
from devicewarden.state.violation_tables import count
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
print(look(StateSettings(dir=sys.argv[1]), count))
"""


def live(folder: Path, first: int, lines: int) -> list[str]:
    """Let a process record events until it dies; all that it printed."""
    child = subprocess.run(  # noqa: S603  a file of ours
        [sys.executable, "-m", "tests.state.record_events", folder, str(first), str(lines)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (child.returncode, child.stderr) == (-signal.SIGKILL, "")
    return child.stdout.splitlines()


def test_kill_never_parts_an_event_from_its_outbox_entries(tmp_path: Path) -> None:
    chance = random.Random(0)
    printed = list(
        chain.from_iterable(
            live(tmp_path, 1000 * life, chance.randrange(1, 700)) for life in range(LIVES)
        )
    )

    state = opened(tmp_path, Clock(START))
    recorded = [f"{each.violation_id}-in-alarm" for each in state.violations.find(Filter())]
    last = state.snapshots.load("evaluator", "", 1)
    waiting = {sink: drained(state, sink) for sink in SINKS}

    assert state.problem == ""
    assert set(waiting["mqtt"]) == set(recorded)
    assert waiting["mqtt"][-1] == f"{last.decode() if last else ''}-in-alarm"
    assert {line for line in printed if not line.startswith("told")} <= set(recorded)
    told = [line.removeprefix("told ") for line in printed if line.startswith("told")]
    assert set(told) | set(waiting["log"]) == set(recorded)
    assert numbers(waiting["mqtt"]) == sorted(numbers(waiting["mqtt"]))
    assert numbers(told) == sorted(numbers(told))


def numbers(event_ids: list[str]) -> list[int]:
    return [int(event_id.split("-")[0].removeprefix("v")) for event_id in event_ids]


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that everybody may read; those that pytest makes are root's alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("running", [True, False], ids=["beside the daemon", "after it"])
def test_who_may_only_read_reads(shared_folder: Path, running: bool) -> None:  # noqa: FBT001  a row
    daemon = opened(shared_folder)
    daemon.violations.record([step()], SINKS)
    if not running:
        daemon.close()

    reader = subprocess.run(  # noqa: S603  a text of ours
        [sys.executable, "-c", READER, str(shared_folder)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (reader.stdout, reader.stderr) == ("(1, 1)\n", "")
    assert daemon.problem == ""
    daemon.close()
