"""How much time really passed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.detect.scenes import START, seen

from devicewarden.detect.elapsed import Elapsed
from devicewarden.detect.observe import Observation


def moved(clock_s: float, uptime_s: float, boot_id: str = "boot") -> Observation:
    at = START + timedelta(seconds=clock_s)
    return replace(seen(0), at=at, uptime_s=100.0 + uptime_s, boot_id=boot_id)


@pytest.mark.parametrize(
    ("clock_s", "uptime_s", "boot_id", "passed_s", "was_set"),
    [
        pytest.param(10, 10, "boot", 10, False, id="as it should be"),
        pytest.param(12, 10, "boot", 10, False, id="adjusted forward"),
        pytest.param(8, 10, "boot", 10, False, id="adjusted back"),
        pytest.param(-3600, 10, "boot", 10, True, id="set back"),
        pytest.param(3600, 10, "boot", 10, True, id="set forward"),
        pytest.param(9000, 9000, "boot", 9000, False, id="suspended"),
        pytest.param(3600, -90, "other", 3600, False, id="was off"),
        pytest.param(-3600, -90, "other", 0, True, id="booted with a clock that is behind"),
        pytest.param(300, 0, "", 300, False, id="no uptime"),
        pytest.param(-8, -8, "boot", 0, False, id="was read before the last one"),
    ],
)
def test_time_passes_by_uptime_within_a_boot_and_by_the_clock_between_boots(
    clock_s: float, uptime_s: float, boot_id: str, passed_s: float, *, was_set: bool
) -> None:
    elapsed = Elapsed()
    elapsed.advance(moved(0, 0))

    found = elapsed.advance(moved(clock_s, uptime_s, boot_id))

    assert (elapsed.total_s, found) == (passed_s, was_set)


def test_observation_that_comes_late_does_not_count_time_twice() -> None:
    elapsed = Elapsed()

    for second in (0, 10, 2, 11):
        elapsed.advance(moved(second, second))

    assert elapsed.total_s == 11
