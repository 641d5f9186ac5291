"""What a behavior that can be judged may not have been meant to say.

A behavior states what is normal. Whoever writes the alarm condition instead is alarmed by all that
is normal; where names or figures suggest so, they are told. A needless warning makes the others
less believed, so only what speaks clearly counts.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, assert_never

from devicewarden.config.fault import KeyPath
from devicewarden.config.profile_schema import METRICS, Measured
from devicewarden.model.behavior import (
    OPPOSITE,
    Behavior,
    CidrSet,
    Comparison,
    MachineLearning,
    PortSet,
    StatisticalThreshold,
    Threshold,
    ValueSet,
)

_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_OPERATOR: Final = ("criteria", "comparisonOperator")

TOO_MUCH: Final = re.compile(
    r"fail\w*|errors?|flood\w*|spik\w+|bursts?|storms?|excess\w*|high|exfil\w*|scans?|scanning"
    r"|leak\w*|attack\w*|abuse|brute|abnormal\w*|anomal\w+|suspicious|overload\w*|crash\w*"
)
TOO_LITTLE: Final = re.compile(r"silent|silence|stopped|stalled|missing|dead|offline")
LEFT_OVER: Final = re.compile(r"left|free|available|remaining")
ALLOWED: Final = re.compile(r"allow\w*|permit\w*|trusted|known|expected|whitelist\w*|approved")
FORBIDDEN: Final = re.compile(
    r"forbid\w*|block\w*|denied|deny\w*|disallow\w*|banned|blacklist\w*|malicious|bad|prohibit\w*"
)
NEGATION: Final = re.compile(r"no|not|non|un|never|none|without")

UNUSUAL_FLOOR: Final = 100
_HALF: Final = 50
_COUNTED_EVENTS: Final = frozenset(
    {
        "aws:num-messages-sent",
        "aws:num-messages-received",
        "aws:num-connection-attempts",
        "aws:num-established-tcp-connections",
        "aws:num-listening-tcp-ports",
        "aws:num-listening-udp-ports",
    }
)
_NEVER_WANTED: Final = frozenset(
    {"aws:num-authorization-failures", "aws:num-disconnects", "aws:disconnect-duration"}
)
_LIST: Final = "looks like the contrary of what its name says: the list alarms at"


class Hint(NamedTuple):
    """Something to tell whoever wrote a behavior; `path` begins at the behavior."""

    path: KeyPath
    reason: str


def measured(behavior: Behavior) -> Measured:
    """Tell what the datapoints of a behavior are of; a custom metric's are of the device."""
    if behavior.dimension is not None:
        return "nowhere"
    standard = METRICS.get(behavior.metric)
    return standard.measured if standard else "device"


def hints(behavior: Behavior) -> Iterator[Hint]:
    """Find what may not have been meant."""
    match behavior.criteria:
        case Threshold(comparison, limit):
            if _inverse_threshold(behavior, comparison, limit):
                yield Hint(_OPERATOR, _inverse(behavior.metric, comparison, f"{limit:.15g}"))
        case StatisticalThreshold(comparison, percentile):
            if _is_floor(comparison) == (percentile >= _HALF):
                yield Hint(_OPERATOR, _inverse(behavior.metric, comparison, f"its p{percentile:g}"))
        case PortSet(_, inside) | CidrSet(_, inside) | ValueSet(_, inside):
            yield from _inverse_set(behavior.name, inside=inside)
        case MachineLearning():
            pass
        case _:
            assert_never(behavior.criteria)
    yield from _coverage(behavior)


def _inverse_threshold(behavior: Behavior, comparison: Comparison, limit: float) -> bool:
    custom = behavior.metric not in METRICS
    if _is_floor(comparison):
        return (
            behavior.metric in _NEVER_WANTED
            or (behavior.metric in _COUNTED_EVENTS and limit >= UNUSUAL_FLOOR)
            or _says(TOO_MUCH, behavior.name)
            or (custom and _says(TOO_MUCH, behavior.metric))
        )
    return _says(TOO_LITTLE, behavior.name) or (custom and _says(LEFT_OVER, behavior.metric))


def _inverse(metric: str, comparison: Comparison, limit: str) -> str:
    return (
        "looks like the alarm condition, but a behavior says what is normal: this one alarms "
        f"whenever {metric} is not {comparison} {limit}; if that is not meant, "
        f"write {OPPOSITE[comparison]}"
    )


def _inverse_set(name: str, *, inside: bool) -> Iterator[Hint]:
    allowed, forbidden = _says(ALLOWED, name), _says(FORBIDDEN, name)
    if allowed == forbidden or _says(NEGATION, name):
        return
    if inside and forbidden:
        yield Hint(_OPERATOR, f"{_LIST} what is not on it; to forbid what is, write not-in-...")
    elif allowed and not inside:
        yield Hint(_OPERATOR, f"{_LIST} what is on it; to allow nothing else, write in-...")


def _coverage(behavior: Behavior) -> Iterator[Hint]:
    match measured(behavior):
        case "agent":
            reason = "AWS measures it in the cloud; here it is of the agent's own connection only"
            yield Hint(("metric",), reason)
        case "nowhere" if behavior.dimension is not None:
            reason = "AWS alone knows the topics of a dimension: there is no data here"
            yield Hint(("metricDimension",), reason)
        case "nowhere":
            yield Hint(("metric",), "nothing here measures it: there is no data")
        case "device":
            pass


def _is_floor(comparison: Comparison) -> bool:
    return comparison in {"greater-than", "greater-than-equals"}


def _says(meaning: re.Pattern[str], name: str) -> bool:
    """Tell whether a word of a name, written as in `TooManyErrors` or `too_many`, has a meaning."""
    return any(meaning.fullmatch(word.lower()) for word in _WORD.findall(name))
