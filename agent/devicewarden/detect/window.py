"""From observations to datapoints: one for each metric and window, the window aligned to the epoch.

A window of d seconds is (k*d, (k+1)*d], since an observation tells of the time before it: what is
observed at the end belongs to the window that ends there.

- Counters are summed. A window that the increments do not cover to within a tenth gives no
  datapoint: the agent started in its middle, was not there, or an increment spans several windows.
- Gauges take the last value of the window, message sizes the largest, lists all elements seen.
- A window in which a metric was not observed gives no datapoint of it.
- A window in which the clock was set gives no datapoint at all.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any, Final

from devicewarden.detect.elements import Elements, ListValue, value_of
from devicewarden.detect.metric_names import COUNTERS, PEAKS
from devicewarden.model.metric import Number
from devicewarden.model.violation import Datapoint

MOST_ELEMENTS: Final = 1_000
"""Elements of a list that a datapoint holds. Behaviors judge all of them before they get here."""
_TOLERANCE: Final = 0.1


@dataclass(slots=True)
class OpenNumber:
    """A number's window so far."""

    value: float = 0.0
    covered_s: float = 0.0
    observed: bool = False

    def add(self, metric: str, value: float, interval_s: float) -> None:
        """Take one more observation."""
        if metric in COUNTERS:
            self.value += value
        elif metric in PEAKS and self.observed:
            self.value = max(self.value, value)
        else:
            self.value = value
        self.covered_s += interval_s
        self.observed = True


@dataclass(slots=True)
class OpenList:
    """A list's window so far.

    Attributes:
        kind: of list.
        elements: seen in it, at most MOST_ELEMENTS.
        observed: whether the whole list was seen; without that there is no datapoint.
    """

    kind: type[ListValue]
    elements: set[Any] = field(default_factory=set)
    observed: bool = False

    def add(self, elements: Elements) -> None:
        """Take elements; where there is no room for all, the smallest."""
        room = MOST_ELEMENTS - len(self.elements)
        if len(elements) <= room:
            self.elements |= elements
        elif room:
            self.elements.update(nsmallest(room, elements - self.elements))


class Windows:
    """The open windows of one length, of all metrics.

    Attributes:
        length_s: length of a window in seconds.
        index: k of the open windows; None before the first observation.
        numbers: metric name -> its window so far.
        lists: metric name -> its window so far.
    """

    __slots__ = ("index", "length_s", "lists", "numbers")

    def __init__(self, length_s: int) -> None:
        self.length_s = length_s
        self.index: int | None = None
        self.numbers: dict[str, OpenNumber] = {}
        self.lists: dict[str, OpenList] = {}

    def move_to(self, at_s: float) -> list[Datapoint]:
        """Open the windows of a time; those before are closed, and give their datapoints.

        Where the clock was adjusted back across an end, the open windows stay open.
        """
        index = math.ceil(at_s / self.length_s) - 1
        if self.index is not None and index <= self.index:
            return []
        datapoints = list(self._datapoints())
        self.index = index
        self.numbers, self.lists = {}, {}
        return datapoints

    def drop(self) -> None:
        """Forget the open windows: the clock was set, so they will not end as they began."""
        self.index = None
        self.numbers, self.lists = {}, {}

    def add(self, metric: str, value: float, interval_s: float) -> None:
        """Take a number into the open window; `interval_s` is what an increment covers."""
        open_ = self.numbers.get(metric)
        if open_ is None:
            open_ = self.numbers[metric] = OpenNumber()
        open_.add(metric, value, interval_s)

    def add_list(self, metric: str, kind: type[ListValue], now: Elements, came: Elements) -> bool:
        """Take a list into the open window: all of it at first, then what came.

        Returns:
            Whether it was the first of this window.
        """
        open_ = self._open_list(metric, kind)
        first, open_.observed = not open_.observed, True
        open_.add(now if first else came)
        return first

    def add_brief(self, metric: str, kind: type[ListValue], elements: Elements) -> None:
        """Take elements of a list that came and went."""
        self._open_list(metric, kind).add(elements)

    def start_s(self) -> int:
        """Tell when the open windows began, in seconds since the epoch."""
        return (self.index or 0) * self.length_s

    def end_s(self) -> int:
        """Tell when the open windows end, in seconds since the epoch."""
        return ((self.index or 0) + 1) * self.length_s

    def _open_list(self, metric: str, kind: type[ListValue]) -> OpenList:
        open_ = self.lists.get(metric)
        if open_ is None or open_.kind is not kind:
            open_ = self.lists[metric] = OpenList(kind)
        return open_

    def _datapoints(self) -> Iterable[Datapoint]:
        if not self.numbers and not self.lists:
            return
        at = datetime.fromtimestamp(self.end_s(), UTC)
        for metric, number in self.numbers.items():
            if metric not in COUNTERS or self._covers(number.covered_s):
                yield Datapoint(metric, at, Number(number.value))
        for metric, open_ in self.lists.items():
            if open_.observed:
                yield Datapoint(metric, at, value_of(open_.kind, open_.elements))

    def _covers(self, covered_s: float) -> bool:
        return abs(covered_s - self.length_s) <= _TOLERANCE * self.length_s


class Grid:
    """Windows of all lengths. Those that the base length divides are made of its datapoints.

    So a stored datapoint of the base length is worth what was observed live: replayed, the
    datapoints of longer windows come out the same.
    """

    __slots__ = ("_direct", "_longer", "base")

    def __init__(self, base_s: int, wanted: Mapping[int, frozenset[str]]) -> None:
        """Open windows of `base_s` for every metric; `wanted`: as for `want`."""
        self.base = Windows(base_s)
        self._longer: list[tuple[Windows, frozenset[str]]] = []
        self._direct: list[tuple[Windows, frozenset[str]]] = []
        self.want(wanted)

    def want(self, wanted: Mapping[int, frozenset[str]]) -> None:
        """Open windows of other lengths too, each for the numbers of some metrics.

        Those that are open stay open, those that are not wanted any more are forgotten.
        """
        open_ = {windows.length_s: windows for windows in self.all()}
        others = [
            (open_.get(length_s) or Windows(length_s), metrics)
            for length_s, metrics in sorted(wanted.items())
        ]
        base_s = self.base.length_s
        self._longer = [each for each in others if each[0].length_s % base_s == 0]
        self._direct = [each for each in others if each[0].length_s % base_s != 0]

    def adopt(self, others: Iterable[Windows]) -> None:
        """Go on with open windows that others began; lengths that are not wanted are left out."""
        mine = {windows.length_s: windows for windows in self.all()}
        for other in others:
            windows = mine.get(other.length_s)
            if windows is not None:
                windows.index = other.index
                windows.numbers, windows.lists = other.numbers, other.lists

    def all(self) -> list[Windows]:
        """Give the windows of each length, the base first."""
        return [self.base, *(windows for windows, _ in (*self._direct, *self._longer))]

    def drop(self) -> None:
        """Forget all open windows."""
        for windows in self.all():
            windows.drop()

    def move_to(self, at_s: float) -> list[tuple[int, list[Datapoint]]]:
        """Open the windows of a time.

        Returns:
            Length and datapoints of the windows that closed, the base first.
        """
        base = self.base.move_to(at_s)
        closed = [(self.base.length_s, base)] if base else []
        for windows, metrics in self._longer:
            datapoints = self._pass_on(base, windows, metrics) + windows.move_to(at_s)
            closed += [(windows.length_s, datapoints)] if datapoints else []
        for windows, _ in self._direct:
            datapoints = windows.move_to(at_s)
            closed += [(windows.length_s, datapoints)] if datapoints else []
        return closed

    def add(self, metric: str, value: float, interval_s: float) -> None:
        """Take a number that was observed in the open windows."""
        self.base.add(metric, value, interval_s)
        for windows, metrics in self._direct:
            if metric in metrics:
                windows.add(metric, value, interval_s)

    def _pass_on(
        self, base: list[Datapoint], windows: Windows, metrics: frozenset[str]
    ) -> list[Datapoint]:
        closed: list[Datapoint] = []
        for datapoint in base:
            if datapoint.metric in metrics and isinstance(datapoint.value, Number):
                closed += windows.move_to(datapoint.at.timestamp())
                windows.add(datapoint.metric, datapoint.value.value, float(self.base.length_s))
        return closed
