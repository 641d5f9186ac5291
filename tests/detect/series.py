"""Series that have learnt something, for tests."""

import math
import random
from collections.abc import Iterator

from devicewarden.detect.machine_learning import Series

STEP_S = 300
DAY = 288
START_S = 1_704_067_200


def daily(chance: random.Random, first: int, count: int) -> Iterator[tuple[int, float]]:
    """A noisy daily curve."""
    for step in range(first, first + count):
        wave = math.sin(2 * math.pi * step / DAY)
        yield START_S + step * STEP_S, 1000 * math.exp(wave + chance.gauss(0, 0.2))


def taught(days: int) -> Series:
    series = Series()
    for time_s, value in daily(random.Random(1), 0, days * DAY):
        series.update(time_s, value)
    return series


def constant(value: float, days: int) -> Series:
    series = Series()
    for step in range(days * DAY):
        series.update(START_S + step * STEP_S, value)
    return series
