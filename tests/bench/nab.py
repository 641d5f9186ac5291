"""Numenta Anomaly Benchmark: its rules, restated, and the part of its data that is in tests/data.

A detector gives a score a row; an alarm is raised where the score reaches the threshold, and again
only after `REARM` rows below it. One threshold serves the whole corpus.
"""

import gzip
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

DATA: Final = Path(__file__).parents[1] / "data" / "nab"
REARM: Final = 100
THRESHOLDS: Final = tuple(step / 50 for step in range(25, 500))


class Profile(NamedTuple):
    """What NAB pays for a window found, and charges for a false alarm and a window missed."""

    found: float
    false_alarm: float
    missed: float


PROFILES: Final = {
    "standard": Profile(1.0, 0.11, 1.0),
    "low FP rate": Profile(1.0, 0.22, 1.0),
    "low FN rate": Profile(1.0, 0.11, 2.0),
}


@dataclass(frozen=True)
class Labelled:
    """One file: its rows, and the rows [first, last] of each labelled window."""

    name: str
    times_s: Sequence[int]
    values: Sequence[float]
    windows: Sequence[tuple[int, int]]

    @cached_property
    def probation(self) -> int:
        """Rows at the start that are not judged."""
        return min(int(0.15 * len(self.values)), 750)


class Judgement(NamedTuple):
    """A normalized score (100 is perfect, 0 no alarm at all) and the threshold it was had at."""

    score: float
    threshold: float
    found: int
    windows: int
    false_alarms: int


def load(root: Path = DATA) -> list[Labelled]:
    """Read every file, by name; times have no zone and are taken as UTC."""
    labels = json.loads((root / "windows.json").read_text())
    return [_file(root, name, spans) for name, spans in sorted(labels.items())]


def _file(root: Path, name: str, spans: Iterable[tuple[str, str]]) -> Labelled:
    rows = gzip.decompress((root / f"{name}.gz").read_bytes()).decode().splitlines()[1:]
    pairs = [row.split(",") for row in rows]
    times = [_seconds(stamp) for stamp, _ in pairs]
    edges = [(_seconds(left), _seconds(right)) for left, right in spans]
    windows = [_rows_within(times, *edge) for edge in edges]
    return Labelled(name, times, [float(value) for _, value in pairs], windows)


def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).replace(tzinfo=UTC).timestamp())


def _rows_within(times: Sequence[int], left: int, right: int) -> tuple[int, int]:
    rows = [row for row, time in enumerate(times) if left <= time <= right]
    return rows[0], rows[-1]


def halves(files: Sequence[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Part the files in two, each category in turn: one half to tune on, the other to report."""
    categories: dict[str, list[Labelled]] = {}
    for file in files:
        categories.setdefault(file.name.split("/")[0], []).append(file)
    parts = [[file for each in categories.values() for file in each[at::2]] for at in (0, 1)]
    return parts[0], parts[1]


def alarms(hot: Iterable[tuple[int, float]], threshold: float, rearm: int = REARM) -> list[int]:
    """Rows at which an alarm is raised; `hot` are (row, score) in order, others may be left out."""
    raised, last = [], -rearm - 1
    for row, score in hot:
        if score >= threshold:
            if row - last > rearm:
                raised.append(row)
            last = row
    return raised


def weight(position: float) -> float:
    """NAB's sigmoid: 1 long before 0, 0 at 0, -1 long after."""
    return -1.0 if position > 3.0 else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def found_weight(row: int, window: tuple[int, int]) -> float:
    """Worth of an alarm within a window: 1 at its first row, about 0 at its last."""
    first, last = window
    return weight(-(last - row + 1) / (last - first + 1)) / weight(-1.0)


def false_weight(row: int, windows: Sequence[tuple[int, int]]) -> float:
    """Charge, 0 to 1, for an alarm outside every window: less shortly after one."""
    earlier = [(first, last) for first, last in windows if last < row]
    if not earlier:
        return 1.0
    first, last = max(earlier, key=lambda window: window[1])
    return -weight((row - last) / max(last - first, 1))


class Tally(NamedTuple):
    """What the alarms of one file, or of many, are worth."""

    worth: float = 0.0
    charge: float = 0.0
    found: int = 0
    false_alarms: int = 0

    def plus(self, other: "Tally") -> "Tally":
        return Tally(
            self.worth + other.worth,
            self.charge + other.charge,
            self.found + other.found,
            self.false_alarms + other.false_alarms,
        )


def tally(file: Labelled, raised: Iterable[int]) -> Tally:
    """Judge the alarms of one file; those in probation are not looked at."""
    best: dict[tuple[int, int], float] = {}
    charges = []
    for row in raised:
        if row < file.probation:
            continue
        window = next((w for w in file.windows if w[0] <= row <= w[1]), None)
        if window is None:
            charges.append(false_weight(row, file.windows))
        else:
            best[window] = max(best.get(window, 0.0), found_weight(row, window))
    return Tally(sum(best.values()), sum(charges), len(best), len(charges))


def normalized(total: Tally, windows: int, profile: Profile) -> float:
    """Put the raw score where nothing found is 0 and everything found at once is 100."""
    raw = (
        profile.found * total.worth
        - profile.false_alarm * total.charge
        - profile.missed * (windows - total.found)
    )
    null = -profile.missed * windows
    return 100.0 * (raw - null) / (profile.found * windows - null)


def judge(
    files: Sequence[Labelled],
    scores: Mapping[str, Sequence[float]],
    profile: Profile,
    thresholds: Sequence[float] = THRESHOLDS,
    rearm: int = REARM,
) -> Judgement:
    """Score a corpus at its best threshold, or at the one that is given."""
    windows = sum(len(file.windows) for file in files)
    floor = min(thresholds)
    hot = {f.name: [(r, s) for r, s in enumerate(scores[f.name]) if s >= floor] for f in files}
    judged = []
    for threshold in thresholds:
        total = Tally()
        for file in files:
            total = total.plus(tally(file, alarms(hot[file.name], threshold, rearm)))
        score = normalized(total, windows, profile)
        judged.append(Judgement(score, threshold, total.found, windows, total.false_alarms))
    return max(judged)
