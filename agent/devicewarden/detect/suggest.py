"""History -> a security profile that it keeps to, and where each value of the profile comes from.

What was seen is allowed, whoever caused it: the origins are there for a person to read.
"""

from collections.abc import Collection, Iterable, Mapping
from itertools import chain, count
from json import dumps
from typing import Any, Final, NamedTuple

from devicewarden.config.profile_schema import AWS_DURATIONS_S, MAX_BEHAVIORS, METRICS, NAME
from devicewarden.detect.elements import ListValue
from devicewarden.detect.limits import limit_of
from devicewarden.detect.replay import observations
from devicewarden.detect.seen_lists import criteria_of
from devicewarden.detect.suggestion import Draft, Refused, stamp
from devicewarden.detect.window import Grid
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList
from devicewarden.model.violation import Addresses, Datapoint, Ports

_MOST_VALUES: Final = 1_000 - MAX_BEHAVIORS
"""Values of lists in all: the rest is for one limit a behavior."""
_LONGEST_PLAIN: Final = 120
_UNLIKE_AWS: Final[Mapping[str, str]] = {
    "aws:source-ip-address": "AWS sees the public address, this device its own",
}

_KINDS: Final[Mapping[str, frozenset[type]]] = {
    "count": frozenset({Number}),
    "ports": frozenset({Ports}),
    "cidrs": frozenset({Addresses}),
    "custom": frozenset({Number, NumberList, StringList, IpAddressList}),
}


class Suggestion(NamedTuple):
    """A profile.

    Attributes:
        document: a CreateSecurityProfile request that AWS takes.
        origins: a line for each value, and for each metric that was left out.
    """

    document: Mapping[str, Any]
    origins: tuple[str, ...]


def suggest(history: Iterable[Datapoint], *, name: str, window_s: int) -> Suggestion:
    """Write a profile of which the history, replayed, violates nothing.

    Args:
        history: datapoints in order of time.
        name: of the profile.
        window_s: length of the windows that the datapoints are of.
    """
    points = list(history)
    by_metric: dict[str, list[Datapoint]] = {}
    for point in points:
        by_metric.setdefault(point.metric, []).append(point)
    longer = _longer(points, window_s)
    behaviors: list[dict[str, Any]] = []
    origins: list[str] = []
    room = _MOST_VALUES
    for metric in sorted(by_metric):
        title = _title(metric, {behavior["name"] for behavior in behaviors})
        if len(behaviors) == MAX_BEHAVIORS:
            origins.append(f"{_told(metric)}: left out: behaviors are {MAX_BEHAVIORS} at most")
            continue
        try:
            draft = _draft(metric, by_metric[metric], longer.get(metric, []), window_s, room)
        except Refused as why:
            origins.append(f"{_told(metric)}: left out: {why}")
            continue
        room -= draft.values
        behaviors.append({"name": title, "metric": metric, "criteria": dict(draft.criteria)})
        origins += (f"{title}: {origin}" for origin in draft.origins)
    document = {
        "securityProfileName": name,
        "securityProfileDescription": _description(points),
        "behaviors": behaviors,
    }
    return Suggestion(document, tuple(origins))


def _draft(
    metric: str, points: list[Datapoint], longer: list[Datapoint], window_s: int, room: int
) -> Draft:
    standard = METRICS.get(metric)
    if not NAME.fullmatch(metric) or (standard is None and metric.startswith("aws:")):
        raise Refused("this is no name of a metric")
    if metric in _UNLIKE_AWS:
        raise Refused(_UNLIKE_AWS[metric])
    kinds = {type(point.value) for point in points}
    if len(kinds) != 1 or not kinds <= _KINDS[standard.shape if standard else "custom"]:
        raise Refused("it was of more than one kind, or of another")
    if Number not in kinds:
        return criteria_of(metric, _lists(points), room)
    duration_s = _duration(window_s) if standard and standard.duration else None
    if duration_s is None or duration_s == window_s:
        return limit_of(metric, points, duration_s)
    return limit_of(metric, longer, duration_s)


def _lists(points: list[Datapoint]) -> list[tuple[Datapoint, ListValue]]:
    return [(point, point.value) for point in points if not isinstance(point.value, Number)]


def _duration(window_s: int) -> int | None:
    """Choose the window of a counter: one that AWS takes, and datapoints make up."""
    return next((length_s for length_s in AWS_DURATIONS_S if length_s % window_s == 0), None)


def _longer(points: list[Datapoint], window_s: int) -> dict[str, list[Datapoint]]:
    """Make datapoints of the window that is chosen for counters, as the evaluator does."""
    length_s = _duration(window_s)
    if length_s is None or length_s == window_s:
        return {}
    numbers = frozenset(point.metric for point in points if isinstance(point.value, Number))
    grid = Grid(window_s, {length_s: numbers})
    found: dict[str, list[Datapoint]] = {}
    for observation in observations(points, window_s):
        for closed_s, closed in grid.move_to(observation.at.timestamp()):
            for point in closed if closed_s == length_s else ():
                found.setdefault(point.metric, []).append(point)
        for metric, value in observation.values.items():
            if isinstance(value, Number):
                grid.add(metric, value.value, observation.interval_s)
    return found


def _title(metric: str, taken: Collection[str]) -> str:
    """Name a behavior; AWS's fleet index takes no colon in a name."""
    plain = metric.removeprefix("aws:").replace(":", "-")
    others = (f"{plain[:_LONGEST_PLAIN]}-{number}" for number in count(2))
    return next(name for name in chain((plain,), others) if name not in taken)


def _told(metric: str) -> str:
    """Write a name that may be no name of a metric, in ASCII on one line."""
    return dumps(metric)[1:-1]


def _description(points: list[Datapoint]) -> str:
    if not points:
        return "Suggested from no datapoint"
    return (
        f"Suggested from {len(points)} datapoints, {stamp(points[0].at)} to {stamp(points[-1].at)}"
    )
