"""History -> observations: what would have been seen, had another profile been in force."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from devicewarden.detect.observe import Observation
from devicewarden.model.violation import Datapoint


def observations(datapoints: Iterable[Datapoint], window_s: int) -> Iterator[Observation]:
    """Make one observation of the datapoints of each window, and one that closes the last.

    Numbers then give the same events as live, at the same times. Lists are judged by what was seen
    in each window, so their events come at its end, and two alarms within one window are one.

    Args:
        datapoints: in order of time, as an evaluator with the same `datapoint_s` handed them out.
        window_s: that `datapoint_s`.
    """
    at = None
    for at, together in groupby(datapoints, key=attrgetter("at")):
        values = {datapoint.metric: datapoint.value for datapoint in together}
        yield Observation(at=at, interval_s=float(window_s), values=values)
    if at is not None:
        yield Observation(at=at + timedelta(seconds=1))
