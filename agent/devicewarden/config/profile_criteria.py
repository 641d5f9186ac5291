"""Criteria of a behavior: static, statistical or machine learning, and when they are judged."""

import re
from dataclasses import dataclass
from typing import Final, get_args

from devicewarden.config.fault import shown
from devicewarden.config.profile_node import Node
from devicewarden.config.profile_schema import (
    AWS_DURATIONS_S,
    AWS_STATISTICS,
    MAX_DATAPOINTS,
    MAX_DURATION_S,
    OPERATORS,
)
from devicewarden.config.profile_subject import Subject
from devicewarden.config.profile_values import READ, comparison_of
from devicewarden.model.behavior import (
    Confidence,
    Criteria,
    MachineLearning,
    StatisticalThreshold,
)

STATIC: Final = "value"
STATISTICAL: Final = "statisticalThreshold"
LEARNED: Final = "mlDetectionConfig"
OPERATOR: Final = "comparisonOperator"
DURATION: Final = "durationSeconds"
TO_ALARM: Final = "consecutiveDatapointsToAlarm"
TO_CLEAR: Final = "consecutiveDatapointsToClear"

_KINDS: Final = (STATIC, STATISTICAL, LEARNED)
_MEMBERS: Final = (OPERATOR, *_KINDS, DURATION, TO_ALARM, TO_CLEAR)
_CONFIDENCES: Final[tuple[Confidence, ...]] = get_args(Confidence)
_STATISTIC: Final = re.compile(r"p([0-9]{1,3}(\.[0-9]{1,6})?)")
_MOST_PERCENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Criteria and when they are judged; the attributes are those of a behavior."""

    criteria: Criteria
    duration_s: int | None
    to_alarm: int
    to_clear: int


def read_criteria(node: Node, subject: Subject) -> Expectation | None:
    """Read the criteria of a behavior on a metric; what is wrong is noted."""
    members = node.members(_MEMBERS)
    kinds = [kind for kind in _KINDS if kind in members]
    if len(kinds) != 1:
        given = " and ".join(kinds) or "none"
        node.refuse(f"must have exactly one of {', '.join(_KINDS)}, not {given}")
    operator = _operator(node, subject, members.get(OPERATOR), kinds)
    found: list[Criteria | None] = []
    if static := members.get(STATIC):
        found.append(_static(static, operator, subject))
    if statistical := members.get(STATISTICAL):
        found.append(_statistical(statistical, operator, subject))
    if learned := members.get(LEARNED):
        found.append(_learned(learned, subject))
    duration_s = _duration(node, members.get(DURATION), kinds, subject)
    to_alarm, to_clear = (_datapoints(members.get(name)) for name in (TO_ALARM, TO_CLEAR))
    if len(found) != 1 or found[0] is None:
        return None
    return Expectation(
        criteria=found[0], duration_s=duration_s, to_alarm=to_alarm, to_clear=to_clear
    )


def _operator(node: Node, subject: Subject, member: Node | None, kinds: list[str]) -> str:
    """Read the operator; empty where there is none that fits, which has been noted then."""
    if member is None:
        if kinds != [LEARNED]:
            node.refuse(f"has no {OPERATOR}")
        return ""
    operator = member.one_of(OPERATORS)
    if operator is None:
        return ""
    if kinds == [LEARNED]:
        member.problems.unlike_aws(member.path, "AWS takes no operator with machine learning")
        return ""
    if operator not in subject.operators():
        takes = ", ".join(subject.operators())
        member.refuse(f"{operator} does not fit {subject.name}, which takes {takes}")
        return ""
    if subject.standard and operator not in (subject.standard.operators or OPERATORS):
        takes = " and ".join(subject.standard.operators)
        member.problems.unlike_aws(member.path, f"AWS takes {takes} only for {subject.name}")
    return operator


def _static(node: Node, operator: str, subject: Subject) -> Criteria | None:
    members = node.members(READ)
    if len(members) != 1:
        given = " and ".join(members) or "none"
        node.refuse(f"must have exactly one of {', '.join(READ)}, not {given}")
    found = [read(members[key], operator) for key, read in READ.items() if key in members]
    wanted = subject.value_keys(operator)
    for key, member in members.items():
        if not operator or key in wanted:
            continue
        if {key, *wanted} <= {"count", "number"}:
            reason = f"AWS wants {' or '.join(wanted)} in its place for {subject.name}"
            member.problems.unlike_aws(member.path, reason)
        else:
            takes = " or ".join(wanted)
            member.refuse(f"{operator} on {subject.name} compares with {takes}, not with {key}")
    return found[0] if len(found) == 1 else None


def _statistical(node: Node, operator: str, subject: Subject) -> Criteria | None:
    percentile = _percentile(node)
    comparison = comparison_of(operator)
    _judge_numeric(node, subject, "a statistical threshold")
    if operator and comparison is None:
        node.refuse(f"cannot be compared with by {operator}")
    if percentile is None or comparison is None:
        return None
    return StatisticalThreshold(comparison, percentile)


def _percentile(node: Node) -> float | None:
    member = node.members(("statistic",), required=("statistic",)).get("statistic")
    text = member.text(_STATISTIC, "a percentile like p90") if member else None
    if member is None or text is None:
        return None
    percentile = float(text[1:])
    if percentile > _MOST_PERCENT:
        member.refuse(f"must be at most p{_MOST_PERCENT}, not {shown(text)}")
        return None
    if text not in AWS_STATISTICS:
        takes = ", ".join(AWS_STATISTICS)
        member.problems.unlike_aws(member.path, f"AWS takes {takes} only, not {text}")
    return percentile


def _learned(node: Node, subject: Subject) -> Criteria | None:
    members = node.members(("confidenceLevel",), required=("confidenceLevel",))
    _judge_numeric(node, subject, "machine learning")
    level = members["confidenceLevel"].one_of(_CONFIDENCES) if members else None
    return next((MachineLearning(known) for known in _CONFIDENCES if known == level), None)


def _judge_numeric(node: Node, subject: Subject, what: str) -> None:
    if not subject.numeric:
        node.refuse(f"{what} needs a metric that is one number, not {subject.name}")
    elif subject.standard and not subject.standard.learned:
        node.problems.unlike_aws(node.path, f"AWS takes no {subject.name} here")


def _duration(node: Node, member: Node | None, kinds: list[str], subject: Subject) -> int | None:
    if member is None:
        if kinds == [STATISTICAL]:
            node.problems.unlike_aws(node.path, f"AWS needs {DURATION} with {STATISTICAL}")
        return None
    seconds = member.integer(1, MAX_DURATION_S)
    if seconds is not None and (objection := _objection(seconds, kinds, subject)):
        member.problems.unlike_aws(member.path, objection)
    return seconds


def _objection(seconds: int, kinds: list[str], subject: Subject) -> str | None:
    """Say why AWS would refuse a duration that can be judged here."""
    if not subject.numeric:
        return f"AWS takes no {DURATION} for a list"
    if kinds == [LEARNED]:
        return f"AWS takes no {DURATION} with machine learning"
    if kinds == [STATIC] and subject.standard and not subject.standard.duration:
        return f"AWS takes no {DURATION} with a value of {subject.name}"
    if seconds not in AWS_DURATIONS_S:
        return f"AWS takes {', '.join(map(str, AWS_DURATIONS_S))} only, not {seconds}"
    return None


def _datapoints(member: Node | None) -> int:
    return (member and member.integer(1, MAX_DATAPOINTS)) or 1
