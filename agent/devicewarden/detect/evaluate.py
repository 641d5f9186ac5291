"""Observations and security profiles -> violations: the whole of Detect, without a clock.

The same observations give the same events, live or replayed, in one run or with restarts between.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from devicewarden.detect import restore, snapshot
from devicewarden.detect.alarm import Lifecycle
from devicewarden.detect.book import Book
from devicewarden.detect.forgive import forgive
from devicewarden.detect.learned import Learned, SeriesKey
from devicewarden.detect.lists import Lists
from devicewarden.detect.observe import Observation
from devicewarden.detect.roster import Roster
from devicewarden.detect.standing import NoData, Training, doubts, no_data, training
from devicewarden.detect.trial import Doubt
from devicewarden.detect.window import Grid
from devicewarden.model.behavior import Behavior, SecurityProfile
from devicewarden.model.metric import Number
from devicewarden.model.violation import ActiveViolation, Datapoint, ViolationEvent

INVALID_AFTER_S: Final = 2 * 86_400
"""A violation whose metric was not observed for longer is invalidated, as AWS does."""
_REMOVED: Final = "behavior removed or changed"


class Evaluation(NamedTuple):
    """What came of one observation.

    Attributes:
        events: in the order in which they were decided.
        datapoints: of all metrics, of the windows that closed: history, from which to replay.
    """

    events: list[ViolationEvent]
    datapoints: list[Datapoint]


class Evaluator:
    """Judges one device by its security profiles.

    Attributes:
        learned: what statistics and machine learning know: dump, load and reset it here.
    """

    def __init__(
        self,
        profiles: Iterable[SecurityProfile],
        *,
        thing: str,
        datapoint_s: int,
        new_id: Callable[[], str],
    ) -> None:
        """Begin with every behavior quiet and nothing learnt.

        Args:
            profiles: in force.
            thing: name of the device, for the events.
            datapoint_s: length of the windows of behaviors without a duration.
            new_id: gives an id of 32 hexadecimal digits, another one each time.
        """
        self._thing, self._window_s, self._new_id = thing, datapoint_s, new_id
        self.learned = Learned()
        self._book = Book()
        self._lists = Lists()
        self._orphans: list[Lifecycle] = []
        self._roster = self._appoint(profiles, None)
        self._grid = Grid(datapoint_s, self._roster.wanted_windows())

    def observe(self, observation: Observation) -> Evaluation:
        """Judge one observation.

        Windows end when the first observation after them comes; one without values will do.
        """
        clock_was_set = self._book.elapsed.advance(observation)
        if clock_was_set:
            self._drop_windows()
        events = self._bury_orphans(observation.at)
        before = self._grid.base.index
        datapoints: list[Datapoint] = []
        for length_s, closed in self._grid.move_to(observation.at.timestamp()):
            if length_s == self._window_s:
                datapoints = closed
            for datapoint in closed:
                events += self._judge(length_s, datapoint)
        events += self._take_values(observation)
        if self._grid.base.index != before:
            events += self._invalidate_silent()
        return Evaluation(events, datapoints)

    def reload(self, profiles: Iterable[SecurityProfile], at: datetime) -> list[ViolationEvent]:
        """Judge by other profiles. Behaviors that are unchanged go on as if nothing had been.

        Returns:
            The end of violations whose behavior was removed or changed.
        """
        old = self._roster
        self._roster = self._appoint(profiles, old)
        self._grid.want(self._roster.wanted_windows())
        # The lists are judged afresh, by those too that have never seen them.
        self._lists.forget()
        ended = [judge.life for judge in old.left(self._roster)]
        return [event for life in ended for event in life.invalidate(at, _REMOVED)]

    def active(self) -> list[ActiveViolation]:
        """Tell the violations that are in alarm."""
        found = (judge.life.active() for judge in self._roster.judges)
        return [active for active in found if active is not None]

    def no_data(self) -> list[NoData]:
        """Tell the behaviors that nothing is known about: they are not fine, they are unjudged."""
        return no_data(self._roster, self._book, self.learned)

    def training(self) -> list[Training]:
        """Tell how far the behaviors are that have to learn first."""
        return training(self._roster, self.learned)

    def doubts(self) -> list[Doubt]:
        """Tell the behaviors that may say the contrary of what is meant."""
        return doubts(self._roster)

    def forgive(self, alarm: ViolationEvent, history: Iterable[Datapoint] = ()) -> bool:
        """Answer FALSE_POSITIVE: what raised this alarm was normal.

        A statistical threshold tolerates the value until it has left the past. Machine learning
        learns the datapoints and trusts less in the view that alarmed.

        Args:
            alarm: the in-alarm event.
            history: datapoints of its metric, in order, from some hours before until its end.

        Returns:
            False where the behavior is not in force any more, or does not learn.
        """
        return forgive(alarm, history, self._roster, self.learned)

    def snapshot(self) -> dict[str, Any]:
        """Write where everything stands as JSON values; what was learnt is in `learned.dump()`."""
        return snapshot.write(self._book, self._grid, self._roster)

    def restore(
        self, document: object, revive: Callable[[Mapping[str, Any]], Behavior | None]
    ) -> None:
        """Go on from a snapshot; to be called before the first observation.

        Violations whose behavior was removed or changed since are invalidated with that.

        Args:
            document: what `snapshot` wrote.
            revive: parses a behavior's document; None if it is none.

        Raises:
            BaselineError: it is damaged, or of another version; nothing was changed.
        """
        for kept in restore.read(document, self._book, self._grid, self._roster):
            behavior = revive(kept.document)
            if behavior is not None and kept.alarm.active is not None:
                life = Lifecycle(self._thing, kept.profile, behavior, self._new_id)
                life.alarm = kept.alarm
                self._orphans.append(life)

    def _appoint(self, profiles: Iterable[SecurityProfile], before: Roster | None) -> Roster:
        roster = Roster(
            profiles,
            thing=self._thing,
            window_s=self._window_s,
            new_id=self._new_id,
            before=before,
        )
        self.learned.want(key for _, key in roster.learners())
        self._book.judged_metrics = roster.metrics()
        return roster

    def _take_values(self, observation: Observation) -> list[ViolationEvent]:
        events: list[ViolationEvent] = []
        at, base, lists = observation.at, self._grid.base, self._roster.lists
        for metric, value in observation.values.items():
            self._book.hear(metric)
            if isinstance(value, Number):
                self._grid.add(metric, value.value, observation.interval_s)
            else:
                brief = observation.brief.get(metric)
                events += self._lists.see(at, metric, value, brief, lists.get(metric, ()), base)
        for metric, brief in observation.brief.items():
            if metric not in observation.values:
                self._book.hear(metric)
                events += self._lists.flash(at, metric, brief, lists.get(metric, ()), base)
        return events

    def _judge(self, length_s: int, datapoint: Datapoint) -> list[ViolationEvent]:
        value, key = datapoint.value, SeriesKey(datapoint.metric, length_s)
        if not isinstance(value, Number):
            judges = self._roster.lists.get(key.metric, ())
            return [event for judge in judges for event in judge.close_window(datapoint.at, value)]
        numbers = self._roster.numbers.get(key)
        if numbers is None:
            return []
        recent = self._book.note(key, datapoint)
        known = self.learned.meet(key, datapoint.at.timestamp(), value.value)
        events = [
            event
            for judge in numbers
            for event in judge.judge(datapoint, value.value, known, recent)
        ]
        self.learned.remember(key, value.value)
        return events

    def _drop_windows(self) -> None:
        self._grid.drop()
        for judges in self._roster.lists.values():
            for judge in judges:
                judge.drop_window()

    def _bury_orphans(self, at: datetime) -> list[ViolationEvent]:
        orphans, self._orphans = self._orphans, []
        return [event for life in orphans for event in life.invalidate(at, _REMOVED)]

    def _invalidate_silent(self) -> list[ViolationEvent]:
        at = datetime.fromtimestamp(self._grid.base.start_s(), UTC)
        return [
            event
            for judge in self._roster.judges
            if judge.life.alarm.active is not None
            and self._book.silent_s(judge.key.metric) > INVALID_AFTER_S
            for event in judge.life.invalidate(at, "metric not observed for two days")
        ]
