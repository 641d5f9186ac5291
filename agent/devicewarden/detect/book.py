"""What an evaluator remembers between observations, beside the behaviors and the open windows."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from devicewarden.detect.elapsed import Elapsed
from devicewarden.detect.learned import SeriesKey
from devicewarden.model.violation import Datapoint

RECENT: Final = 5
"""Datapoints that an event names."""


@dataclass(slots=True)
class Book:
    """Times are of `elapsed.total_s`, which nobody can set.

    Attributes:
        elapsed: how much time has passed.
        heard_s: metric -> when it was last observed.
        judged_s: series -> when it last had a datapoint.
        recent: series -> its last datapoints.
        judged_metrics: those that a behavior is about.
    """

    elapsed: Elapsed = field(default_factory=Elapsed)
    heard_s: dict[str, float] = field(default_factory=dict)
    judged_s: dict[SeriesKey, float] = field(default_factory=dict)
    recent: dict[SeriesKey, deque[Datapoint]] = field(default_factory=dict)
    judged_metrics: frozenset[str] = frozenset()

    def hear(self, metric: str) -> None:
        """Note that a metric was observed; one that nobody judges is not worth noting."""
        if metric in self.judged_metrics:
            self.heard_s[metric] = self.elapsed.total_s

    def note(self, key: SeriesKey, datapoint: Datapoint) -> deque[Datapoint]:
        """Note a datapoint, and give the last ones of its series."""
        self.judged_s[key] = self.elapsed.total_s
        recent = self.recent.get(key)
        if recent is None:
            recent = self.recent[key] = deque(maxlen=RECENT)
        recent.append(datapoint)
        return recent

    def silent_s(self, metric: str) -> float:
        """Tell for how long a metric was not observed."""
        return self.elapsed.total_s - self.heard_s.setdefault(metric, self.elapsed.total_s)
