"""Limits of a security profile, and documents that nobody would write."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.config.profiles import judged, static, told

from devicewarden.config.profile import parse_profile
from devicewarden.config.profile_problem import MAX_PROBLEMS
from devicewarden.config.profile_schema import METRICS, OPERATORS
from devicewarden.config.profile_values import READ

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)


def behaviors_with_ports(behaviors: int, ports: int) -> list[dict[str, Any]]:
    """Spread so many ports over so many behaviors."""
    return [
        static(
            "aws:listening-tcp-ports",
            comparisonOperator="in-port-set",
            value={"ports": list(range(index, ports, behaviors))},
            durationSeconds=None,
        )
        | {"name": f"b{index}"}
        for index in range(behaviors)
    ]


def test_a_hundred_behaviors_with_a_thousand_values_are_taken() -> None:
    parsed = judged(*behaviors_with_ports(100, 1000), aws=True)

    assert parsed.problems == ()
    assert parsed.profile is not None
    assert len(parsed.profile.behaviors) == 100


def test_the_hundred_and_first_behavior_is_refused_with_the_reason() -> None:
    (problem,) = judged(*behaviors_with_ports(101, 101)).problems

    assert (problem.severity, problem.path) == ("error", "$")
    assert problem.reason == "has 101 elements, more than 100"


def test_the_thousand_and_first_value_is_refused_with_the_reason() -> None:
    (problem,) = judged(*behaviors_with_ports(100, 1001)).problems

    assert (problem.severity, problem.path) == ("error", "$")
    assert problem.reason == "compare with 1001 values, more than 1000"


def test_behaviors_have_names_of_their_own() -> None:
    parsed = judged(static(), static() | {"name": "c"}, static())

    assert told(parsed) == [("error", "$[2].name")]


def test_problems_are_told_up_to_a_bound() -> None:
    ports = [-1] * 1000
    criteria = {"comparisonOperator": "in-port-set", "value": {"ports": ports}}
    behavior = {"name": "b", "metric": "aws:listening-tcp-ports", "criteria": criteria}

    parsed = judged(*[behavior] * 100)

    assert parsed.profile is None
    assert len(parsed.problems) == MAX_PROBLEMS
    assert parsed.problems[-1].reason == f"has more than {MAX_PROBLEMS - 1} problems"


@given(document=JSON)
def test_no_document_raises(document: Any) -> None:
    parsed = parse_profile(document, name="p")

    assert (parsed.profile is None) == any(p.severity == "error" for p in parsed.problems)


@given(value=JSON, member=st.sampled_from(["name", "metric", "criteria", "metricDimension"]))
def test_no_member_of_a_behavior_raises(value: Any, member: str) -> None:
    parsed = judged(static() | {member: value})

    assert (parsed.profile is None) == any(p.severity == "error" for p in parsed.problems)


@given(value=JSON, member=st.sampled_from([*static()["criteria"], "statisticalThreshold"]))
def test_no_member_of_criteria_raises(value: Any, member: str) -> None:
    parsed = judged(static(**{member: value}))

    assert (parsed.profile is None) == any(p.severity == "error" for p in parsed.problems)


@given(
    metric=st.sampled_from([*METRICS, "custom"]),
    operator=st.sampled_from(["", *OPERATORS]),
    kind=st.sampled_from(["value", "statisticalThreshold", "mlDetectionConfig"]),
    key=st.sampled_from([*READ, "statistic", "confidenceLevel"]),
    value=st.sampled_from([1, [1], ["::"], "p90", "HIGH"]),
)
def test_no_behavior_is_lost_without_an_error(
    metric: str, operator: str, kind: str, key: str, value: object
) -> None:
    criteria = {"comparisonOperator": operator, kind: {key: value}}
    kept = {name: member for name, member in criteria.items() if member}

    parsed = judged({"name": "b", "metric": metric, "criteria": kept})

    assert parsed.profile is None or len(parsed.profile.behaviors) == 1
