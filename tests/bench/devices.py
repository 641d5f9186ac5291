"""Watch simulated devices with one detector a metric, and count what it says."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.bench.attacks import ATTACKS, STEPS_OF, STRENGTHS, attacked, means_of
from tests.bench.traffic import DAY_S, HOUR_S, METRICS, START_S, STEP_S, Datapoint, Stream

from devicewarden.detect.machine_learning import ALL_LEVELS_AFTER_S, Series
from devicewarden.model.behavior import Confidence

LEVELS: Final[tuple[Confidence, ...]] = ("HIGH", "MEDIUM", "LOW")
# Alarms of a device's metrics that are no further apart are one incident.
TOGETHER_S: Final = 3 * HOUR_S
# Every level may alarm by then.
FIRST_ATTACK_DAY: Final = 16
POISONED_DAYS: Final = 40


@dataclass
class Tally:
    """What was counted; keys of `found` and `tried` are (level, attack, strength)."""

    months: float = 0.0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    tried: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.months += other.months
        self.counts += other.counts
        self.found += other.found
        self.tried += other.tried

    def summary(self) -> dict[str, Any]:
        """Give alarms a device-month and shares of attacks found."""
        rows: dict[str, Any] = {"device-months": self.months}
        for level in LEVELS:
            kinds = ("false incidents", "false alarms", "benign incidents")
            rows[level] = {kind: self.counts[level, kind] / self.months for kind in kinds}
            rows[level]["recall"] = {
                strength: self._share(level, STRENGTHS.index(strength)) for strength in STRENGTHS
            }
        rows["found at LOW"] = {
            name: {
                strength: self.found["LOW", name, strength] / self.tried["LOW", name, strength]
                for strength in STRENGTHS
            }
            for name, _, _ in ATTACKS
        }
        return rows

    def _share(self, level: str, strength: int) -> float:
        keys = [(level, name, STRENGTHS[strength]) for name, _, _ in ATTACKS]
        return sum(self.found[key] for key in keys) / sum(self.tried[key] for key in keys)


class _Watch:
    """Series of all metrics of one device."""

    def __init__(self, dumps: Sequence[bytes] = ()) -> None:
        self.series = [Series.load(each) for each in dumps] or [Series() for _ in METRICS]
        self._over = {level: [False] * len(METRICS) for level in LEVELS}

    def alarms(self, point: Datapoint) -> dict[Confidence, int]:
        """Tell how many metrics begin to alarm at each level with this datapoint."""
        begun: dict[Confidence, int] = dict.fromkeys(LEVELS, 0)
        for at, (series, value) in enumerate(zip(self.series, point.values, strict=True)):
            verdict = series.update(point.time_s, value)
            if verdict is None:
                continue
            for level in LEVELS:
                over = verdict.violates(level)
                begun[level] += over and not self._over[level][at]
                self._over[level][at] = over
        return begun

    def copy(self) -> "_Watch":
        other = _Watch([series.dump() for series in self.series])
        other._over = {level: list(over) for level, over in self._over.items()}
        return other


def watch(stream: Stream) -> Tally:
    """Watch one device from its first datapoint, and copies of it that are attacked."""
    total, device = Tally(), _Watch()
    starts = _attack_starts(stream)
    last: dict[str, int] = dict.fromkeys(LEVELS, 0)
    for at, point in enumerate(stream.datapoints):
        for name in starts.get(at, ()):
            _attack(total, device, stream, at, name)
        benign = any(event.first_s <= point.time_s <= event.last_s for event in stream.events)
        for level, begun in device.alarms(point).items():
            if not begun or point.time_s < START_S + ALL_LEVELS_AFTER_S:
                continue
            alone = point.time_s - last[level] > TOGETHER_S
            last[level] = point.time_s
            total.counts[level, "benign incidents"] += alone and benign
            total.counts[level, "false incidents"] += alone and not benign
            total.counts[level, "false alarms"] += 0 if benign else begun
    judged_s = stream.datapoints[-1].time_s - START_S - ALL_LEVELS_AFTER_S
    total.months = judged_s / (30 * DAY_S)
    return total


def _attack_starts(stream: Stream) -> dict[int, list[str]]:
    """Draw where each attack begins: at random, a day from what is rare and benign."""
    chance = random.Random(f"attacks {stream.kind} {stream.seed}")
    starts: dict[int, list[str]] = {}
    first = FIRST_ATTACK_DAY * DAY_S // STEP_S
    for name, _, _ in ATTACKS:
        at = chance.randrange(first, len(stream.datapoints) - STEPS_OF[name] - 1)
        while _near_event(stream, at, STEPS_OF[name]):
            at = chance.randrange(first, len(stream.datapoints) - STEPS_OF[name] - 1)
        starts.setdefault(at, []).append(name)
    return starts


def _near_event(stream: Stream, at: int, steps: int) -> bool:
    first_s = stream.datapoints[at].time_s - DAY_S // 2
    last_s = stream.datapoints[at + steps].time_s
    return any(e.first_s <= last_s and e.last_s >= first_s for e in stream.events)


def _attack(total: Tally, device: _Watch, stream: Stream, at: int, name: str) -> None:
    means = means_of(stream.datapoints[at - 2016 : at])
    stretch = stream.datapoints[at : at + STEPS_OF[name]]
    for strength in STRENGTHS:
        copy = device.copy()
        found = dict.fromkeys(LEVELS, False)
        for point in attacked(stretch, means, name, strength, stream.seed):
            begun = copy.alarms(point)
            found = {level: found[level] or begun[level] > 0 for level in LEVELS}
            if found["HIGH"]:
                break
        for level in LEVELS:
            total.tried[level, name, strength] += 1
            total.found[level, name, strength] += found[level] or found["HIGH"]


def poisoned(stream: Stream, daily: float) -> int:
    """Count attacks found at LOW, of two, after weeks in which traffic grew by a factor a day."""
    device, end = _Watch(), len(stream.datapoints) - DAY_S // STEP_S
    begun_s = stream.datapoints[end].time_s - POISONED_DAYS * DAY_S
    grown = [_grown(point, daily, begun_s) for point in stream.datapoints]
    for point in grown[:end]:
        device.alarms(point)
    means, found = means_of(grown[end - 2016 : end]), 0
    for name in ("exfiltration", "proxy"):
        copy = device.copy()
        hit = attacked(grown[end : end + STEPS_OF[name]], means, name, "high", stream.seed)
        found += any(copy.alarms(point)["LOW"] for point in hit)
    return found


def _grown(point: Datapoint, daily: float, begun_s: int) -> Datapoint:
    factor = daily ** max(0.0, (point.time_s - begun_s) / DAY_S)
    moved = tuple(value * factor for value in point.values[:4])
    return Datapoint(point.time_s, moved + point.values[4:])
