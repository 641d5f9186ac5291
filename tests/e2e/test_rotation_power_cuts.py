"""The power goes at each step of a rotation; `make bench-rotation` does this fifty times each."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.bench.power_cuts import Cut, Device

from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
THINGS = ("edge-1", "edge-2")


@pytest.mark.timeout(300)
def test_power_cut_before_any_step_leaves_one_identity_and_the_rotation_is_done() -> None:
    with (
        TemporaryDirectory() as folder,
        Sandbox(Path(folder), lambda _payload, _format: [], THINGS) as sandbox,
        ThreadPoolExecutor(len(THINGS)) as threads,
    ):
        halves = threads.map(lambda n: half(Device(sandbox, THINGS[n]), n), range(len(THINGS)))
        cuts = [cut for each in halves for cut in each]

    assert len(cuts) >= 15
    wrong = [
        c for c in cuts if (c.working_before, c.working_after, c.status) != (1, 1, "SUCCEEDED")
    ]
    assert wrong == []


def half(device: Device, which: int) -> list[Cut]:
    return [device.cut(step) for step in device.steps()[which :: len(THINGS)]]
