"""History and a security profile -> what would have alarmed, judged by the evaluator of live."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import count
from typing import NamedTuple

from devicewarden.detect.evaluate import Evaluator
from devicewarden.detect.replay import observations
from devicewarden.detect.standing import NoData, Training
from devicewarden.detect.trial import Doubt
from devicewarden.model.behavior import SecurityProfile
from devicewarden.model.violation import Datapoint, ViolationEvent


class Retrospect(NamedTuple):
    """What a profile would have said.

    Attributes:
        events: in the order of time.
        datapoints: how many were judged.
        first_at: time of the first one; None: there was none.
        last_at: time of the last one.
        no_data: behaviors that could not be judged at the end.
        training: behaviors that learn, and how far they came; they begin with nothing learnt.
        doubts: behaviors that nearly all of the datapoints violated.
    """

    events: tuple[ViolationEvent, ...]
    datapoints: int
    first_at: datetime | None
    last_at: datetime | None
    no_data: tuple[NoData, ...]
    training: tuple[Training, ...]
    doubts: tuple[Doubt, ...]


def retrospect(
    profile: SecurityProfile, history: Iterable[Datapoint], *, thing: str, datapoint_s: int
) -> Retrospect:
    """Judge what was stored by a profile, as if it had been in force.

    Args:
        profile: to try.
        history: datapoints in order of time.
        thing: name of the device, for the events.
        datapoint_s: length of the windows that the datapoints are of.
    """
    numbers = count(1)
    evaluator = Evaluator(
        (profile,), thing=thing, datapoint_s=datapoint_s, new_id=lambda: f"{next(numbers):032x}"
    )
    judged = _Counted(history, frozenset(behavior.metric for behavior in profile.behaviors))
    events = [
        event
        for observation in observations(judged, datapoint_s)
        for event in evaluator.observe(observation).events
    ]
    return Retrospect(
        events=tuple(events),
        datapoints=judged.count,
        first_at=judged.first_at,
        last_at=judged.last_at,
        no_data=tuple(evaluator.no_data()),
        training=tuple(evaluator.training()),
        doubts=tuple(evaluator.doubts()),
    )


class _Counted:
    """The datapoints of some metrics, counted as they pass."""

    def __init__(self, history: Iterable[Datapoint], metrics: frozenset[str]) -> None:
        self._history = history
        self._metrics = metrics
        self.count = 0
        self.first_at: datetime | None = None
        self.last_at: datetime | None = None

    def __iter__(self) -> Iterator[Datapoint]:
        for datapoint in self._history:
            if datapoint.metric in self._metrics:
                self.count += 1
                self.first_at = self.first_at or datapoint.at
                self.last_at = datapoint.at
                yield datapoint
