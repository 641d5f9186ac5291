"""The store under kill -9, a full disk, and other processes."""

import random
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from tests.state.scene import open_store

from devicewarden.config.settings import StateSettings

pytestmark = pytest.mark.e2e
CHILD = Path(__file__).with_name("hand_out_ids.py")
LIVES = 20
FOR_EVER = 10**9


def start(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  a file of ours
        [sys.executable, str(CHILD), str(folder), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def lines(child: subprocess.Popen[str], how_many: int) -> list[str]:
    assert child.stdout is not None
    return [child.stdout.readline().strip() for _ in range(how_many)]


@pytest.mark.parametrize("durability", ["full", "wear-saver"])
def test_ids_increase_over_lives_that_end_by_sigkill(tmp_path: Path, durability: str) -> None:
    chance = random.Random(durability)
    ids: list[int] = []

    for _ in range(LIVES):
        with start(tmp_path, durability, FOR_EVER) as child:
            heard = lines(child, chance.randrange(1, 12))
            child.kill()
            # communicate() would miss what readline() has read ahead.
            assert child.stdout is not None
            rest = child.stdout.read()
        ids += [int(line) for line in (*heard, *rest.splitlines())]

    assert len(ids) >= LIVES
    assert all(before < after for before, after in pairwise(ids))
    store = open_store(StateSettings(dir=str(tmp_path)), lambda: datetime.now(UTC))
    assert store.problem == ""
    assert 0 < store.counts().missed <= len(ids)
    store.close()


@pytest.mark.parametrize("durability", ["full", "wear-saver"])
def test_processes_that_start_together_share_no_id(tmp_path: Path, durability: str) -> None:
    children = [start(tmp_path, durability, 60) for _ in range(3)]
    printed = [child.communicate(timeout=60)[0].splitlines() for child in children]

    ids = [int(line) for lines in printed for line in lines[:-1]]

    assert [lines[-1] for lines in printed] == ["", "", ""]
    assert len(set(ids)) == len(ids) == 180
    assert all(a < b for lines in printed for a, b in pairwise(map(int, lines[:-1])))


def test_a_full_disk_is_bridged_in_memory(tmp_path: Path) -> None:
    with start(tmp_path, "full", 10, 8192) as child:
        before = lines(child, 11)
        rest, _ = child.communicate("go on\n", timeout=60)
    after = rest.splitlines()

    assert "space left" in before[-1]
    assert after[-1] == ""
    assert all(a < b for a, b in pairwise(map(int, (*before[:-1], *after[:-1]))))
    store = open_store(StateSettings(dir=str(tmp_path)), lambda: datetime.now(UTC))
    assert store.counts().missed == 20
    store.close()
