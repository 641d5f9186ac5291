"""What is suggested from history: AWS takes it, and the history keeps to it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detect.scenes import BYTES_OUT, CONNECTIONS, DESTINATIONS, START, TCP_PORTS

from devicewarden.config.profile import parse_profile
from devicewarden.config.profile_schema import METRICS
from devicewarden.detect.retrospect import retrospect
from devicewarden.detect.suggest import Suggestion, suggest
from devicewarden.model.behavior import SecurityProfile
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList
from devicewarden.model.violation import Addresses, Datapoint, DatapointValue, Ports

addresses = st.ip_addresses().map(str) | st.integers(0, 2**16).map(
    lambda low: f"::ffff:10.0.{low >> 8}.{low & 255}" if low < 2**16 else "fe80::1%eth0"
)
numbers = (st.integers(0, 10**7) | st.floats(allow_nan=False)).map(Number)
ports = st.frozensets(st.integers(0, 65_535), max_size=8).map(Ports)
peers = st.frozensets(addresses, max_size=20).map(Addresses)
values: st.SearchStrategy[DatapointValue] = st.one_of(
    numbers,
    ports,
    peers,
    st.lists(addresses | st.text(max_size=3), max_size=4).map(tuple).map(IpAddressList),
    st.lists(st.floats(allow_nan=False), max_size=4).map(tuple).map(NumberList),
    st.lists(st.text(max_size=5), max_size=4).map(tuple).map(StringList),
)
OF_SHAPE: dict[str, st.SearchStrategy[Any]] = {"ports": ports, "cidrs": peers, "count": numbers}
custom = st.sampled_from(["a", "a:b", "a-b", "disk_free", "certificate_days_left", "no name"])


@st.composite
def histories(draw: st.DrawFn, window_s: int) -> list[Datapoint]:
    """Datapoints as an evaluator hands them out: at the ends of windows, with gaps."""
    points = []
    for index in sorted(draw(st.sets(st.integers(1, 400), max_size=15))):
        at = START + timedelta(seconds=index * window_s)
        known = draw(st.sets(st.sampled_from(sorted(METRICS)), max_size=4))
        others = draw(st.sets(custom, max_size=3))
        of_known = {metric: draw(OF_SHAPE[METRICS[metric].shape]) for metric in known}
        of_others = {metric: draw(values) for metric in others}
        points += [Datapoint(metric, at, it) for metric, it in (of_known | of_others).items()]
    return points


def read(suggestion: Suggestion) -> SecurityProfile:
    parsed = parse_profile(suggestion.document, name="", aws=True)
    assert parsed.profile is not None, parsed.problems
    return parsed.profile


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([60, 300, 420, 86_400]).flatmap(lambda s: st.tuples(st.just(s), histories(s)))
)
def test_aws_takes_what_is_suggested_and_the_history_keeps_to_it(
    case: tuple[int, list[Datapoint]],
) -> None:
    window_s, history = case

    profile = read(suggest(history, name="p", window_s=window_s))

    assert retrospect(profile, history, thing="edge-17", datapoint_s=window_s).events == ()


def series(metric: str, all_: Iterable[DatapointValue]) -> list[Datapoint]:
    return [
        Datapoint(metric, START + timedelta(seconds=300 * index), value)
        for index, value in enumerate(all_, 1)
    ]


def criteria(history: list[Datapoint]) -> Any:
    return suggest(history, name="p", window_s=300).document["behaviors"][0]["criteria"]


def test_limit_is_the_99th_percentile_and_half_of_it_again() -> None:
    history = series(BYTES_OUT, [Number(n) for n in range(1, 1001)])

    assert criteria(history) == {
        "comparisonOperator": "less-than-equals",
        "value": {"count": 1500},  # p99 is 990: 1485, rounded up
        "durationSeconds": 300,
    }


def test_limit_is_at_least_the_largest_that_was_seen() -> None:
    history = series(CONNECTIONS, [Number(1)] * 999 + [Number(77)])

    assert criteria(history)["value"] == {"count": 77}


def test_what_is_left_has_a_floor() -> None:
    history = series("disk_free", [Number(float(n)) for n in range(100, 200)])

    assert criteria(history) == {
        "comparisonOperator": "greater-than-equals",
        "value": {"number": 50},
    }


def test_shorter_datapoints_make_up_the_windows_that_aws_takes() -> None:
    history = [
        Datapoint(BYTES_OUT, START + timedelta(seconds=60 * index), Number(10))
        for index in range(1, 101)
    ]

    document = suggest(history, name="p", window_s=60).document

    assert document["behaviors"][0]["criteria"]["value"] == {"count": 75}


def test_ports_that_were_open_are_allowed_and_a_new_one_alarms() -> None:
    history = series(TCP_PORTS, [Ports(frozenset({22})), Ports(frozenset({22, 8883}))])
    profile = read(suggest(history, name="p", window_s=300))

    later = series(TCP_PORTS, [Ports(frozenset({22, 23}))])
    events = retrospect(profile, later, thing="edge-17", datapoint_s=300).events

    assert [event.context["offending"] for event in events] == [[23]]


def test_destinations_stand_for_their_networks_and_few_networks_for_many() -> None:
    near = Addresses(frozenset({"192.0.2.7", "192.0.2.9", "2001:db8::5", "127.0.0.1", "::1"}))
    scattered = Addresses(frozenset(f"10.{n}.{n}.1" for n in range(256)))

    assert criteria(series(DESTINATIONS, [near]))["value"]["cidrs"] == [
        "127.0.0.0/8",
        "192.0.2.0/24",
        "::1/128",
        "2001:db8::/48",
    ]
    assert criteria(series(DESTINATIONS, [scattered]))["value"]["cidrs"] == ["10.0.0.0/8"]


@pytest.mark.parametrize(
    ("metric", "value", "why"),
    [
        ("modules", StringList(tuple(map(str, range(300)))), "300 different values are too many"),
        ("modules", StringList(("\x1b[2J",)), "not printable"),
        ("peers", IpAddressList(("nowhere",)), "no address"),
        ("no name", Number(1), "no name of a metric"),
        ("aws:unknown", Number(1), "no name of a metric"),
        ("aws:source-ip-address", Addresses(frozenset({"10.0.0.1"})), "AWS sees the public"),
        ("level", Number(float("inf")), "not finite"),
    ],
    ids=["many", "hostile", "no-address", "no-name", "unknown", "own-address", "infinite"],
)
def test_metric_without_a_behavior_is_told_with_the_reason(
    metric: str, value: DatapointValue, why: str
) -> None:
    document, origins = suggest(series(metric, [value]), name="p", window_s=300)

    assert document["behaviors"] == []
    assert len(origins) == 1
    assert why in origins[0]


def test_every_value_has_a_line_that_tells_its_origin() -> None:
    history = series(TCP_PORTS, [Ports(frozenset({22})), Ports(frozenset({22, 8883}))])

    assert suggest(history, name="p", window_s=300).origins == (
        "listening-tcp-ports: 22: in 2 of 2 datapoints, last 2026-09-01 00:10Z",
        "listening-tcp-ports: 8883: in 1 of 2 datapoints, last 2026-09-01 00:10Z",
    )


def test_a_thousand_metrics_make_a_profile_within_the_limits_of_aws() -> None:
    everywhere = [
        Datapoint(f"m{n}", START, StringList(tuple(f"{n}-{k}" for k in range(150))))
        for n in range(120)
    ]
    many = [Datapoint(f"n{n}", START, Number(n)) for n in range(120)]

    profile = read(suggest([*everywhere, *many], name="p", window_s=300))

    assert len(profile.behaviors) == 100
