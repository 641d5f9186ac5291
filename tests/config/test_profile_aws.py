"""What is taken with `aws=True` is a request that AWS's own service model takes."""

import copy
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from tests.config.profiles import example

from devicewarden.config.profile import parse_profile
from devicewarden.config.profile_schema import (
    AWS_DURATIONS_S,
    AWS_STATISTICS,
    COMPARISONS,
    FITS,
    METRICS,
    OPERATORS,
)

IOT = ServiceModel(Loader().load_service_model("iot", "service-2"), "iot")
REQUEST = IOT.operation_model("CreateSecurityProfile").input_shape
REQUESTS = [
    example("d01-profile-rules"),
    example("d08-profile-retain-and-export") | {"tags": [{"Key": "site", "Value": "7"}]},
    {"securityProfileName": "p", "behaviors": [example("d02-behavior-statistical")]},
    {"securityProfileName": "p", "behaviors": [example("d03-behavior-ml")]},
    {"securityProfileName": "p", "behaviors": example("d04-behaviors-custom-metrics")},
    {"securityProfileName": "p", "behaviors": example("d07-behaviors-with-dimension")},
]
SCALAR = (
    st.none() | st.booleans() | st.sampled_from([-1, 0, 7, 300, 65_536, 1.5, "", "x", "in-set"])
)
JSON = SCALAR | st.lists(SCALAR, max_size=2) | st.dictionaries(st.just("metric"), SCALAR)
NAMES = st.from_regex(r"[a-zA-Z0-9:_-]{1,128}", fullmatch=True)
VALUES = {
    "count": st.integers(0, 2**63 - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "ports": st.lists(st.integers(0, 65_535), max_size=5),
    "cidrs": st.lists(st.ip_addresses().map(str), max_size=5),
    "numbers": st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=5),
    "strings": st.lists(st.text(max_size=5), max_size=5),
}


def aws_takes(request: Any) -> bool:
    return not ParamValidator().validate(request, REQUEST).has_errors()


def we_take(request: Any) -> bool:
    return parse_profile(request, name="p", aws=True).profile is not None


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of every value in a document, its own first."""
    steps: Any = ()
    if isinstance(value, dict):
        steps = value.items()
    elif isinstance(value, list):
        steps = enumerate(value)
    return [path, *(place for step, inner in steps for place in places(inner, (*path, step)))]


@st.composite
def damaged_requests(draw: st.DrawFn) -> Any:
    """Take a good request, and replace, remove or add something somewhere."""
    request = copy.deepcopy(draw(st.sampled_from(REQUESTS)))
    *way, last = draw(st.sampled_from(places(request)[1:]))
    holder = request
    for step in way:
        holder = holder[step]
    match draw(st.sampled_from(["replace", "remove", "add"])):
        case "remove":
            del holder[last]
        case "add" if isinstance(holder, dict):
            holder[draw(st.sampled_from(["Metric", "operator", "number"]))] = draw(JSON)
        case _:
            holder[last] = draw(JSON)
    return request


@st.composite
def good_criteria(draw: st.DrawFn, metric: str) -> dict[str, Any]:
    standard = METRICS[metric]
    kinds = ["static", "statistical", "learned"] if standard.learned else ["static"]
    match draw(st.sampled_from(kinds)):
        case "statistical":
            return {
                "comparisonOperator": draw(st.sampled_from(COMPARISONS)),
                "statisticalThreshold": {"statistic": draw(st.sampled_from(AWS_STATISTICS))},
                "durationSeconds": draw(st.sampled_from(AWS_DURATIONS_S)),
            }
        case "learned":
            level = draw(st.sampled_from(["LOW", "MEDIUM", "HIGH"]))
            return {"mlDetectionConfig": {"confidenceLevel": level}}
        case _:
            fit = FITS[standard.shape]
            criteria = {
                "comparisonOperator": draw(st.sampled_from(standard.operators or fit.operators)),
                "value": {fit.key: draw(VALUES[fit.key])},
            }
            if standard.duration:
                criteria["durationSeconds"] = draw(st.sampled_from(AWS_DURATIONS_S))
            return criteria


@st.composite
def good_behaviors(draw: st.DrawFn) -> dict[str, Any]:
    metric = draw(st.sampled_from(list(METRICS)))
    datapoints = st.integers(1, 10)
    criteria = draw(good_criteria(metric))
    criteria |= {"consecutiveDatapointsToAlarm": draw(datapoints)}
    return {
        "name": draw(NAMES),
        "metric": metric,
        "criteria": criteria,
        "suppressAlerts": draw(st.booleans()),
    }


@pytest.mark.parametrize("request_", REQUESTS, ids=range(len(REQUESTS)))
def test_both_take_the_examples(request_: Any) -> None:
    assert aws_takes(request_)
    assert we_take(request_)


@given(
    name=NAMES, behaviors=st.lists(good_behaviors(), max_size=4, unique_by=lambda b: str(b["name"]))
)
def test_both_take_what_follows_the_guide(name: str, behaviors: list[Any]) -> None:
    request = {"securityProfileName": name, "behaviors": behaviors}

    parsed = parse_profile(request, name="", aws=True)

    assert [p for p in parsed.problems if p.severity == "error"] == []
    assert aws_takes(request)


@given(request=damaged_requests())
def test_what_aws_refuses_we_refuse(request: Any) -> None:
    assert aws_takes(request) or not we_take(request)


def test_operators_are_those_of_aws() -> None:
    shape = IOT.shape_for("ComparisonOperator")

    assert set(OPERATORS) == set(shape.enum)


def test_statistics_are_those_of_aws() -> None:
    pattern = IOT.shape_for("EvaluationStatistic").metadata["pattern"]

    assert set(AWS_STATISTICS) == set(pattern.strip("()").replace("\\", "").split("|"))
