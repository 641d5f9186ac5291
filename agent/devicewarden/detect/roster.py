"""Who judges what: every behavior of every profile, found by the datapoints that it judges."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from devicewarden.detect.alarm import Lifecycle
from devicewarden.detect.learned import BaselineKey, SeriesKey, baseline_key
from devicewarden.detect.list_judge import ListJudge
from devicewarden.detect.number_judge import NumberJudge
from devicewarden.model.behavior import (
    Behavior,
    MachineLearning,
    SecurityProfile,
    StatisticalThreshold,
    Threshold,
)

Judge: TypeAlias = NumberJudge | ListJudge


class Roster:
    """The judges of all behaviors, in the order of profiles and behaviors.

    Attributes:
        judges: all that can judge.
        numbers: those of each series of numbers.
        lists: those of each list metric.
        scoped: profile and behavior of those with a dimension: nothing here tells topics apart.
    """

    __slots__ = ("_new_id", "_thing", "_window_s", "judges", "lists", "numbers", "scoped")

    def __init__(
        self,
        profiles: Iterable[SecurityProfile],
        *,
        thing: str,
        window_s: int,
        new_id: Callable[[], str],
        before: "Roster | None" = None,
    ) -> None:
        """Appoint the judges.

        Args:
            profiles: in force.
            thing: name of the device.
            window_s: length of the windows of behaviors without a duration.
            new_id: gives each violation an id of its own.
            before: whose judges go on, where their behavior is unchanged.
        """
        self._thing, self._window_s, self._new_id = thing, window_s, new_id
        self.judges: list[Judge] = []
        self.numbers: dict[SeriesKey, list[NumberJudge]] = {}
        self.lists: dict[str, list[ListJudge]] = {}
        self.scoped: list[tuple[str, Behavior]] = []
        known = {} if before is None else {_name(judge.life): judge for judge in before.judges}
        for profile in profiles:
            for behavior in profile.behaviors:
                judge = known.get((profile.name, behavior.name))
                if judge is None or judge.life.behavior != behavior:
                    judge = self._judge(profile.name, behavior)
                self._appoint(judge)

    def metrics(self) -> frozenset[str]:
        """Tell which metrics the behaviors are about."""
        return frozenset(judge.key.metric for judge in self.judges)

    def wanted_windows(self) -> dict[int, frozenset[str]]:
        """Tell which metrics need windows that are not of the common length."""
        wanted: dict[int, set[str]] = {}
        for metric, length_s in self.numbers:
            if length_s != self._window_s:
                wanted.setdefault(length_s, set()).add(metric)
        return {length_s: frozenset(metrics) for length_s, metrics in wanted.items()}

    def learners(self) -> Iterator[tuple[NumberJudge, BaselineKey]]:
        """Give the judges that have to learn first, and what they learn."""
        for judge in self.judges:
            if isinstance(judge, NumberJudge) and not isinstance(judge.criteria, Threshold):
                yield judge, baseline_key(judge.criteria, judge.key)

    def find(self, profile: str, behavior: str) -> Judge | None:
        """Find the judge of a behavior."""
        name = profile, behavior
        return next((judge for judge in self.judges if _name(judge.life) == name), None)

    def left(self, after: "Roster") -> list[Judge]:
        """Give the judges that do not go on in a later roster."""
        staying = set(map(id, after.judges))
        return [judge for judge in self.judges if id(judge) not in staying]

    def _judge(self, profile: str, behavior: Behavior) -> Judge:
        life = Lifecycle(self._thing, profile, behavior, self._new_id)
        criteria = behavior.criteria
        if isinstance(criteria, Threshold | StatisticalThreshold | MachineLearning):
            length_s = behavior.duration_s or self._window_s
            return NumberJudge(life, SeriesKey(behavior.metric, length_s), criteria)
        return ListJudge(life, SeriesKey(behavior.metric, self._window_s), criteria)

    def _appoint(self, judge: Judge) -> None:
        behavior = judge.life.behavior
        if behavior.dimension is not None:
            self.scoped.append((judge.life.profile, behavior))
            return
        self.judges.append(judge)
        if isinstance(judge, NumberJudge):
            self.numbers.setdefault(judge.key, []).append(judge)
        else:
            self.lists.setdefault(behavior.metric, []).append(judge)


def _name(life: Lifecycle) -> tuple[str, str]:
    return life.profile, life.behavior.name
