"""The power goes at each step of a rotation; `make bench-rotation` does this fifty times each."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import pytest
from tests.bench.power_cuts import Cut, Device, Step

from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
THINGS = ("edge-1", "edge-2")
PARTS = 5
Known: TypeAlias = list[tuple[Device, list[Step]]]


@pytest.fixture(scope="module")
def known() -> Iterator[Known]:
    """Two devices that have rotated before, and the steps that each takes to do it again."""
    with (
        TemporaryDirectory() as folder,
        Sandbox(Path(folder), lambda _payload, _format: [], THINGS) as sandbox,
        ThreadPoolExecutor(len(THINGS)) as threads,
    ):
        devices = [Device(sandbox, thing) for thing in THINGS]
        yield list(zip(devices, threads.map(Device.steps, devices), strict=True))


def test_rotation_has_the_same_steps_on_every_device(known: Known) -> None:
    (_, ones), (_, others) = known

    # One may be said twice, where the service's word comes between.
    assert {step.name for step in ones} == {step.name for step in others}
    assert len(ones) >= 15


# A few steps each: all in one would take minutes where the machine is busy.
@pytest.mark.parametrize("part", range(PARTS))
def test_power_cut_before_any_step_leaves_one_identity_and_the_rotation_is_done(
    part: int, known: Known
) -> None:
    with ThreadPoolExecutor(len(THINGS)) as threads:
        shares = threads.map(
            lambda n: share(*known[n], first=part * len(THINGS) + n), range(len(THINGS))
        )
        cuts = [cut for each in shares for cut in each]

    assert cuts
    wrong = [
        c for c in cuts if (c.working_before, c.working_after, c.status) != (1, 1, "SUCCEEDED")
    ]
    assert wrong == []


def share(device: Device, steps: list[Step], *, first: int) -> list[Cut]:
    return [device.cut(step) for step in steps[first :: PARTS * len(THINGS)]]
