"""Simulated traffic: a datapoint each five minutes for weeks, and the benign events within.

Seeded and repeatable. Keep-alives that jitter, sessions of log-normal size that follow the hours
and the week, timed jobs, slow drift, and moods that last for hours.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tests.bench.kinds import Kind

STEP_S: Final = 300
HOUR_S: Final = 3600
DAY_S: Final = 86_400
START_S: Final = 1_704_067_200  # a Monday, 2024-01-01 UTC
METRICS: Final = (
    "bytes-in",
    "bytes-out",
    "packets-in",
    "packets-out",
    "tcp-ports",
    "udp-ports",
    "connections",
    "cpu-percent",
)
# A month has one firmware update, two reboots and half of the others; effects show for so long.
EVENTS: Final = (
    ("firmware", 30, 12 * HOUR_S),
    ("reboot", 15, 2 * HOUR_S),
    ("clock", 60, 3 * DAY_S),
    ("holiday", 60, 4 * DAY_S),
)


class Datapoint(NamedTuple):
    """All metrics of a device over five minutes; `values` in the order of METRICS."""

    time_s: int
    values: tuple[float, ...]


class Event(NamedTuple):
    """Something rare and benign, and the time in which its effects may show."""

    name: str
    first_s: int
    last_s: int


@dataclass(frozen=True, slots=True)
class Stream:
    """What one device shows."""

    kind: str
    seed: int
    datapoints: Sequence[Datapoint]
    events: Sequence[Event]


@dataclass(slots=True)
class _Session:
    steps: int
    bytes_in: float
    bytes_out: float


def simulate(kind: Kind, seed: int, days: int = 56) -> Stream:
    """Give one device's datapoints and the benign events among them."""
    chance = random.Random(f"{kind.name} {seed}")
    events = tuple(_events(chance, days))
    device = _Device(kind, chance, events)
    steps = range(START_S, START_S + days * DAY_S, STEP_S)
    points = [point for time_s in steps if (point := device.datapoint(time_s)) is not None]
    return Stream(kind.name, seed, points, events)


def _events(chance: random.Random, days: int) -> Iterator[Event]:
    for name, every_days, lasts_s in EVENTS:
        for turn in range(max(1, days // every_days)):
            day = chance.uniform(turn, turn + 1) * every_days
            if 3 <= day < days - 4:
                first_s = START_S + int(day * DAY_S) // STEP_S * STEP_S
                yield Event(name, first_s, first_s + lasts_s)


class _Device:
    """One device of a kind: its own size, hours and habits, and what is going on now."""

    def __init__(self, kind: Kind, chance: random.Random, events: Sequence[Event]) -> None:
        self._kind, self._chance, self._events = kind, chance, events
        self._size = chance.lognormvariate(0, 0.5)
        self._peak_h = kind.peak + chance.gauss(0, 1)
        self._rate = kind.rate * chance.lognormvariate(0, 0.3)
        self._phase_min = chance.randrange(1440)
        self._drift = self._mood = 0.0
        self._sessions: list[_Session] = []

    def datapoint(self, time_s: int) -> Datapoint | None:
        """Advance by one step; None while a reboot or an update keeps the device down."""
        updated_s = self._since(time_s, "firmware")
        if self._since(time_s, "reboot") < 2 * STEP_S or 1800 <= updated_s < 2700:
            self._sessions.clear()
            return None
        self._wander()
        self._open_sessions(time_s)
        idle = self._size * math.exp(self._drift)
        jitter = self._kind.jitter
        moved_in, moved_out = (
            each * idle * self._chance.lognormvariate(0, jitter) for each in self._kind.idle
        )
        if updated_s < 1800:
            moved_in += 1.5e6 * self._chance.lognormvariate(0, 0.2)
        moved_in += sum(session.bytes_in for session in self._sessions)
        moved_out += sum(session.bytes_out for session in self._sessions) + self._job(time_s)
        values = self._values(moved_in, moved_out)
        for session in self._sessions:
            session.steps -= 1
        self._sessions = [session for session in self._sessions if session.steps > 0]
        return Datapoint(time_s, values)

    def _since(self, time_s: int, name: str) -> float:
        """Seconds since the last event of a name, infinite before the first."""
        past = (time_s - e.first_s for e in self._events if e.name == name and e.first_s <= time_s)
        return min(past, default=math.inf)

    def _wander(self) -> None:
        self._drift += self._chance.gauss(0, 0.0005)
        self._mood += 0.02 * (self._chance.gauss(0, 1.5) - self._mood)

    def _open_sessions(self, time_s: int) -> None:
        kind, chance = self._kind, self._chance
        for _ in range(poisson(chance, self._busy(time_s))):
            size = self._size * chance.lognormvariate(0, kind.spread)
            steps = 1 + poisson(chance, 0.7)
            moved_in = kind.session[0] * size / steps
            moved_out = kind.session[1] * size / steps * chance.lognormvariate(0, 0.3)
            self._sessions.append(_Session(steps, moved_in, moved_out))

    def _busy(self, time_s: int) -> float:
        """Sessions expected in this step: by the hour, the day of the week, and the mood."""
        kind = self._kind
        shifted_s = time_s + (HOUR_S if self._since(time_s, "clock") < math.inf else 0)
        hour = shifted_s % DAY_S / HOUR_S
        apart_h = abs((hour - self._peak_h + 12) % 24 - 12)
        share = kind.night + (1 - kind.night) * math.exp(-0.5 * (apart_h / kind.width * 2) ** 2)
        if (shifted_s - START_S) // DAY_S % 7 >= 5:
            share *= kind.weekend
        if self._since(time_s, "holiday") < 3 * DAY_S:
            share *= 0.15
        return self._rate * share * math.exp(self._mood)

    def _job(self, time_s: int) -> float:
        kind = self._kind
        if not kind.job or (time_s // 60 + self._phase_min) % kind.job >= STEP_S // 60:
            return 0.0
        return kind.job_bytes * self._size * self._chance.lognormvariate(0, 0.1)

    def _values(self, moved_in: float, moved_out: float) -> tuple[float, ...]:
        kind, chance, sessions = self._kind, self._chance, len(self._sessions)
        packets = [max(2.0, each / kind.packet) for each in (moved_in, moved_out)]
        # Acknowledgements flow against the data.
        packets_in = (packets[0] + 0.45 * packets[1]) * chance.lognormvariate(0, 0.03)
        packets_out = (packets[1] + 0.45 * packets[0]) * chance.lognormvariate(0, 0.03)
        extra = poisson(chance, 0.02 * kind.connections)
        ephemeral = 1 if kind.udp_ports > 1 and chance.random() < 0.05 else 0
        cpu = kind.cpu[0] * chance.lognormvariate(0, 0.08) + kind.cpu[1] * sessions
        return (
            float(int(moved_in)),
            float(int(moved_out)),
            float(int(packets_in)),
            float(int(packets_out)),
            float(kind.tcp_ports),
            float(kind.udp_ports + ephemeral),
            float(kind.connections + sessions + extra),
            round(min(100.0, cpu), 1),
        )


def poisson(chance: random.Random, mean: float) -> int:
    """Draw a count; Knuth's method, good for the small means here."""
    limit, count, product = math.exp(-mean), 0, chance.random()
    while product > limit:
        count += 1
        product *= chance.random()
    return count
