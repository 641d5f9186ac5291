"""A policy that lost a topic shows on all devices at once; `make bench-runbooks` has 50 of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.e2e.runbooks.refused_fleet import Played, play

pytestmark = pytest.mark.e2e
DEVICES = 5


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    with TemporaryDirectory() as home:
        yield play(DEVICES, Path(home))


def test_all_devices_tell_it_and_are_shown_as_one_cause(played: Played) -> None:
    things = " ".join(f"gw-{n}" for n in range(1, DEVICES + 1))

    assert played.alarmed == f"{DEVICES}  fleet/nothing-is-refused  {things}\n"


def test_a_device_tells_what_was_refused(played: Played) -> None:
    status = json.loads(played.status)

    assert "nothing-is-refused" in played.violations
    assert status["connection"]["state"] == "connected"
    assert status["report"]["counts"]["missed"] > 0
    assert "not authorized" in played.status
