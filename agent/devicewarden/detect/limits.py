"""Numbers that were seen -> the limit that is normal.

The limit is the 99th percentile and half of it again, but at least the largest value that was seen,
rounded up to two digits. A metric of what is left, free or available has a floor in the same way:
half of the first percentile, at most the smallest value, rounded down.
"""

import math
import re
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any, Final

from devicewarden.config.profile_hints import LEFT_OVER
from devicewarden.config.profile_schema import MAX_COUNT
from devicewarden.detect.suggestion import Draft, Refused, stamp
from devicewarden.model.metric import Number
from devicewarden.model.violation import Datapoint

HEAD_ROOM: Final = 0.5
"""Of the percentile, on top of it."""
_PERCENT: Final = 99
_DIGITS: Final = 2
_EXACT: Final = 1 << 53


def limit_of(metric: str, points: Sequence[Datapoint], duration_s: int | None) -> Draft:
    """Draft the threshold that all of these numbers keep to.

    Raises:
        Refused: there is no such threshold that AWS takes.
    """
    pairs = [(point.value.value, point) for point in points if isinstance(point.value, Number)]
    values = sorted(value for value, _ in pairs)
    if not values:
        raise Refused("no whole window of it was seen")
    if not all(map(math.isfinite, values)):
        raise Refused("a value was not finite")
    floor, counted = _is_left_over(metric), metric.startswith("aws:")
    extreme, (percent, limit) = (values[0] if floor else values[-1]), _limit(values, floor=floor)
    number = _written(limit, floor=floor, counted=counted)
    if counted and not 0 <= number <= MAX_COUNT:
        raise Refused("a value is beyond what AWS takes for a count")
    criteria: dict[str, Any] = {
        "comparisonOperator": "greater-than-equals" if floor else "less-than-equals",
        "value": {"count" if counted else "number": number},
    }
    if duration_s is not None:
        criteria["durationSeconds"] = duration_s
    at = next(point.at for value, point in pairs if value == extreme)
    origin = (
        f"{number}: p{percent} of {len(values)} datapoints is {_at(values, percent):.6g}, with "
        f"{HEAD_ROOM:.0%} head-room; the {'smallest' if floor else 'largest'} is {extreme:.6g}, "
        f"at {stamp(at)}"
    )
    return Draft(criteria, 0, (origin,))


def _limit(values: Sequence[float], *, floor: bool) -> tuple[int, float]:
    percent = 100 - _PERCENT if floor else _PERCENT
    quantile = _at(values, percent)
    room = HEAD_ROOM * abs(quantile)
    return percent, min(values[0], quantile - room) if floor else max(values[-1], quantile + room)


def _at(values: Sequence[float], percent: int) -> float:
    return values[max(math.ceil(percent * len(values) / 100), 1) - 1]


def _written(limit: float, *, floor: bool, counted: bool) -> float:
    """Round away from what was seen."""
    rounding = ROUND_FLOOR if floor else ROUND_CEILING
    if not math.isfinite(limit):
        raise Refused("a value is too large")
    rounded = Context(prec=_DIGITS, rounding=rounding).create_decimal(Decimal(limit))
    if counted or (rounded == rounded.to_integral_value() and abs(rounded) < _EXACT):
        return int(rounded.to_integral_value(rounding))
    number = float(rounded)
    return number if (number <= limit if floor else number >= limit) else limit


def _is_left_over(metric: str) -> bool:
    words = re.split("[^a-z]+", metric.lower())
    return not metric.startswith("aws:") and any(map(LEFT_OVER.fullmatch, words))
