"""Eight kinds of attack, each at three strengths, added to a stretch of a device's own traffic.

A stronger one is louder by a factor of about three. Loudness is told in the device's own terms
where an attacker would choose it so, and in absolute ones where the work itself sets it.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tests.bench.traffic import HOUR_S, STEP_S, Datapoint, poisson

STRENGTHS: Final = ("low", "medium", "high")
_LOUD: Final = {"low": 1.0, "medium": 3.0, "high": 10.0}


class Added(NamedTuple):
    """What an attack adds to one datapoint; `share` is what it leaves of the traffic."""

    bytes_in: float = 0.0
    bytes_out: float = 0.0
    packets_in: float = 0.0
    packets_out: float = 0.0
    tcp_ports: int = 0
    connections: int = 0
    cpu: float = 0.0
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Means:
    """What the device usually moves in five minutes."""

    bytes_in: float
    bytes_out: float
    packets_out: float


Step = Callable[[random.Random, Means, float, int], Added]


def _flood(chance: random.Random, means: Means, loud: float, _step: int) -> Added:
    packets = 2.0 * loud * (means.packets_out + 500) * chance.lognormvariate(0, 0.3)
    return Added(bytes_out=60 * packets, packets_out=packets, cpu=4 * loud)


def _scan(chance: random.Random, _means: Means, loud: float, _step: int) -> Added:
    probes = 300 * loud * chance.lognormvariate(0, 0.2)
    return Added(
        bytes_in=20 * probes,
        bytes_out=60 * probes,
        packets_in=0.4 * probes,
        packets_out=probes,
        connections=poisson(chance, loud),
        cpu=loud,
    )


def _exfiltration(chance: random.Random, means: Means, loud: float, _step: int) -> Added:
    moved = loud * (0.7 * means.bytes_out + 3e4) * chance.lognormvariate(0, 0.3)
    return Added(moved / 40, moved, moved / 2400, moved / 1200, connections=1, cpu=loud)


def _beacon(chance: random.Random, _means: Means, loud: float, step: int) -> Added:
    if step % max(1, round(6 / loud)):
        return Added()
    size = 1500 * loud * chance.lognormvariate(0, 0.1)
    return Added(size, size, size / 300, size / 300, connections=1)


def _back_door(chance: random.Random, _means: Means, loud: float, step: int) -> Added:
    busy = 4e4 * loud * chance.lognormvariate(0, 1.0) if step % 4 == 1 else 0.0
    return Added(busy / 5, busy, busy / 900, busy / 700, tcp_ports=1, connections=int(busy > 0))


def _proxy(chance: random.Random, means: Means, loud: float, _step: int) -> Added:
    moved = loud * (0.5 * (means.bytes_in + means.bytes_out) + 2e4) * chance.lognormvariate(0, 0.7)
    guests = poisson(chance, 1.5 * loud)
    return Added(moved, moved, moved / 700, moved / 700, connections=guests, cpu=2 * loud)


def _miner(chance: random.Random, _means: Means, loud: float, _step: int) -> Added:
    size = 2500 * chance.lognormvariate(0, 0.2)
    return Added(size, size, size / 250, size / 250, connections=1, cpu=8 * loud)


def _silence(_chance: random.Random, _means: Means, loud: float, _step: int) -> Added:
    return Added(share={1.0: 0.4, 3.0: 0.1}.get(loud, 0.0))


# Name, how long it lasts, what each step adds.
ATTACKS: Final[tuple[tuple[str, int, Step], ...]] = (
    ("flood", 1 * HOUR_S, _flood),
    ("scan", 2 * HOUR_S, _scan),
    ("exfiltration", 4 * HOUR_S, _exfiltration),
    ("beacon", 24 * HOUR_S, _beacon),
    ("back door", 12 * HOUR_S, _back_door),
    ("proxy", 12 * HOUR_S, _proxy),
    ("miner", 24 * HOUR_S, _miner),
    ("silence", 12 * HOUR_S, _silence),
)


def means_of(points: Sequence[Datapoint]) -> Means:
    """Tell what a device usually moves, from some of its datapoints."""
    rows = [point.values for point in points]
    totals = [sum(row[column] for row in rows) / len(rows) for column in (0, 1, 3)]
    return Means(*totals)


def attacked(
    points: Sequence[Datapoint], means: Means, name: str, strength: str, seed: int
) -> list[Datapoint]:
    """Copy a stretch that begins with an attack; after the attack it is as it was."""
    chance = random.Random(f"{name} {strength} {seed}")
    lasts_s, step_of = next((lasts, step) for known, lasts, step in ATTACKS if known == name)
    size = chance.lognormvariate(0, 0.4)
    hit = []
    for step, point in enumerate(points):
        if point.time_s - points[0].time_s >= lasts_s:
            hit.append(point)
            continue
        added = step_of(chance, means, _LOUD[strength], step)
        hit.append(Datapoint(point.time_s, _with(point.values, added, size)))
    return hit


def _with(values: Sequence[float], added: Added, size: float) -> tuple[float, ...]:
    share = added.share
    return (
        float(int(values[0] * share + added.bytes_in * size)),
        float(int(values[1] * share + added.bytes_out * size)),
        float(int(values[2] * share + added.packets_in * size)),
        float(int(values[3] * share + added.packets_out * size)),
        values[4] + added.tcp_ports,
        values[5],
        float(int(values[6] * (share if share == 0 else 1) + added.connections)),
        round(min(100.0, values[7] + added.cpu * size), 1),
    )


STEPS_OF: Final = {name: lasts_s // STEP_S for name, lasts_s, _ in ATTACKS}
