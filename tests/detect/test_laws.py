"""What holds for all observations, in whatever order the world sends them."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detect.scenes import (
    BYTES_OUT,
    CONNECTIONS,
    DESTINATIONS,
    START,
    TCP_PORTS,
    at_most,
    behavior,
    counted_ids,
    evaluator,
    feed,
    only_ports,
    profile,
    revive,
    seen,
)

from devicewarden.detect.evaluate import Evaluator
from devicewarden.detect.observe import Observation
from devicewarden.detect.replay import observations
from devicewarden.model.errors import BaselineError
from devicewarden.model.metric import Number, StringList
from devicewarden.model.violation import Addresses, Datapoint, DatapointValue, Ports, ViolationEvent

BASE_S = 60
NUMBERS = (
    at_most(CONNECTIONS, 5) | {"name": "gauge"},
    at_most(CONNECTIONS, 5, consecutiveDatapointsToAlarm=2, consecutiveDatapointsToClear=3)
    | {"name": "patient"},
    at_most(BYTES_OUT, 300, durationSeconds=60) | {"name": "counter"},
    at_most(BYTES_OUT, 600, durationSeconds=120) | {"name": "longer"},
    at_most(CONNECTIONS, 5, durationSeconds=90) | {"name": "crooked"},
    behavior(BYTES_OUT, mlDetectionConfig={"confidenceLevel": "LOW"}) | {"name": "ml"},
    behavior(
        CONNECTIONS, comparisonOperator="less-than", statisticalThreshold={"statistic": "p90"},
        durationSeconds=43_200,
    ) | {"name": "percentile"},
)  # fmt: skip
PATIENT_LIST = only_ports(22, consecutiveDatapointsToAlarm=2, consecutiveDatapointsToClear=2) | {
    "name": "patient-list"
}
LISTS = (
    only_ports(22) | {"name": "at-once"},
    only_ports(22, consecutiveDatapointsToClear=2) | {"name": "slow-to-clear"},
    only_ports(22, consecutiveDatapointsToAlarm=2) | {"name": "slow-to-alarm"},
    PATIENT_LIST,
    behavior(
        DESTINATIONS, comparisonOperator="not-in-cidr-set", value={"cidrs": ["192.0.2.0/24"]}
    ) | {"name": "destinations"},
)  # fmt: skip
BEHAVIORS = profile(*NUMBERS, *LISTS)

values = st.fixed_dictionaries(
    {},
    optional={
        CONNECTIONS: st.integers(0, 10).map(Number),
        BYTES_OUT: st.integers(0, 120).map(Number),
        TCP_PORTS: st.frozensets(st.sampled_from([22, 23, 80]), max_size=3).map(Ports),
        DESTINATIONS: st.frozensets(
            st.sampled_from(["10.0.0.1", "192.0.2.9", "::1"]), max_size=2
        ).map(Addresses),
    },
)
briefs: st.SearchStrategy[dict[str, Ports]] = st.just({}) | st.just(
    {TCP_PORTS: Ports(frozenset({99}))}
)
# Seconds to the next observation, and how much the clock was set besides.
steps = st.tuples(
    st.sampled_from([1.0, 20.0, 20.0, 20.0, 61.0, 500.0, 100_000.0]),
    st.sampled_from([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -3.0, -40.0, -4_000.0, 50.0, 1_000_000.0]),
)
regular = st.lists(values, min_size=1, max_size=60).map(
    lambda seen_: [observed(20 * n, 20, each) for n, each in enumerate(seen_, 1)]
)


def observed(
    at_s: float, interval_s: float, what: Mapping[str, Any], up_s: float | None = None
) -> Observation:
    uptime_s = at_s if up_s is None else up_s
    return replace(seen(at_s, what, interval_s=interval_s), uptime_s=uptime_s)


@st.composite
def rough(draw: st.DrawFn, most: int = 40) -> list[Observation]:
    """Observations with gaps, and a clock that is set now and then."""
    at_s = up_s = 10_000_000.0
    told = []
    for _ in range(draw(st.integers(1, most))):
        passed_s, set_by_s = draw(steps)
        up_s, at_s = up_s + passed_s, at_s + passed_s + set_by_s
        each = observed(at_s, passed_s, draw(values), up_s)
        told.append(replace(each, brief=draw(briefs)))
    return told


def judge_of(*documents: Mapping[str, Any], **more: Any) -> Evaluator:
    return evaluator(profile(*documents) if documents else BEHAVIORS, datapoint_s=BASE_S, **more)


def essence(events: list[ViolationEvent]) -> set[tuple[str, str, datetime, object]]:
    return {(e.behavior.name, e.kind, e.at, e.value) for e in events}


@given(rough())
def test_alarms_and_their_ends_alternate_and_share_an_id(told: list[Observation]) -> None:
    lives = defaultdict(list)
    for event in feed(judge_of(), told):
        lives[event.behavior.name].append(event)

    for events in lives.values():
        assert {event.kind for event in events[::2]} <= {"in-alarm"}
        assert {event.kind for event in events[1::2]} <= {"alarm-cleared", "alarm-invalidated"}
        ids = [event.violation_id for event in events]
        assert ids[:-1:2] == ids[1::2]
        assert len(set(ids)) == (len(ids) + 1) // 2


@given(rough())
def test_active_violations_are_those_whose_end_was_not_told(told: list[Observation]) -> None:
    judge = judge_of()
    last = {event.behavior.name: event for event in feed(judge, told)}

    active = {each.behavior.name: each.violation_id for each in judge.active()}

    raised = {name: e.violation_id for name, e in last.items() if e.kind == "in-alarm"}
    assert active == raised


@given(rough(), st.sampled_from([CONNECTIONS, BYTES_OUT, TCP_PORTS, DESTINATIONS]))
def test_metric_that_is_never_observed_has_no_event(told: list[Observation], metric: str) -> None:
    without = [
        replace(each, values={k: v for k, v in each.values.items() if k != metric}, brief={})
        for each in told
    ]

    assert metric not in {event.behavior.metric for event in feed(judge_of(), without)}


@settings(max_examples=60)
@given(rough(), st.data())
def test_restart_at_any_point_changes_nothing(told: list[Observation], data: st.DataObject) -> None:
    cuts = data.draw(st.sets(st.integers(0, len(told)), max_size=4))
    whole, parts = judge_of(), judge_of(new_id=(ids := counted_ids()))
    expected = [whole.observe(each) for each in told]

    found = []
    for index, each in enumerate(told):
        if index in cuts:
            parts = restarted(parts, judge_of(new_id=ids))
        found.append(parts.observe(each))

    assert found == expected
    assert parts.learned.dump() == whole.learned.dump()


def restarted(before: Evaluator, after: Evaluator) -> Evaluator:
    """Hand over as through a file."""
    after.restore(json.loads(json.dumps(before.snapshot())), revive)
    for key, packed in before.learned.dump().items():
        after.learned.load(key, packed)
    return after


@given(regular)
def test_replayed_datapoints_give_the_events_that_live_observations_gave(
    told: list[Observation],
) -> None:
    # Windows of 90 s are no multiple of the datapoints that history holds.
    documents = [each for each in NUMBERS if each["name"] != "crooked"] + [PATIENT_LIST]
    end = observed(20 * len(told) + 200, 200, {})
    live = [judge_of(*documents)]
    evaluations = [live[0].observe(each) for each in [*told, end]]
    history = [datapoint for each in evaluations for datapoint in each.datapoints]

    replayed = feed(judge_of(*documents), observations(history, BASE_S))

    # The last windows of all are closed by nobody in history.
    until = max((datapoint.at for datapoint in history), default=START)
    happened = [event for each in evaluations for event in each.events if event.at <= until]
    assert essence(replayed) == essence(happened)


@given(regular)
def test_replay_alarms_at_the_end_of_each_window_in_which_a_list_offended(
    told: list[Observation],
) -> None:
    judge = judge_of(LISTS[0])
    evaluations = [judge.observe(each) for each in [*told, observed(20 * len(told) + 200, 0, {})]]
    live = [event for each in evaluations for event in each.events]
    history: list[Datapoint] = [each for e in evaluations for each in e.datapoints]

    replayed = feed(judge_of(LISTS[0]), observations(history, BASE_S))

    assert bool(replayed) == bool(live)


@given(rough())
def test_setting_the_clock_raises_and_clears_nothing(told: list[Observation]) -> None:
    """Where every value violates there is one alarm, and no end of it but by silence."""
    worst: dict[str, DatapointValue] = {
        CONNECTIONS: Number(9),
        TCP_PORTS: Ports(frozenset({23})),
        DESTINATIONS: Addresses(frozenset({"192.0.2.1"})),
    }
    static = [each for each in (*NUMBERS, *LISTS) if each["name"] not in {"ml", "percentile"}]

    events = feed(judge_of(*static), [replace(each, values=worst) for each in told])

    names = [event.behavior.name for event in events]
    assert {event.kind for event in events} <= {"in-alarm"}
    assert len(names) == len(set(names))


@given(regular, st.integers(1, 60), st.sampled_from([-100_000.0, -3600.0, -600.0]))
def test_observation_from_the_past_decides_nothing_about_numbers(
    told: list[Observation], after: int, set_by_s: float
) -> None:
    judge = judge_of(*NUMBERS)
    feed(judge, told[:after])
    last = told[:after][-1]

    blip = replace(
        last, at=last.at + timedelta(seconds=set_by_s), uptime_s=last.uptime_s + 1,
        values={CONNECTIONS: Number(9), BYTES_OUT: Number(9_999)},
    )  # fmt: skip
    back = replace(last, at=last.at + timedelta(seconds=2), uptime_s=last.uptime_s + 2, values={})

    assert judge.observe(blip) == ([], [])
    assert judge.observe(back) == ([], [])


@given(st.permutations(["a", "b", "c", "d"]), st.permutations(["a", "b", "c", "d"]))
def test_order_of_a_list_means_nothing(first: list[str], second: list[str]) -> None:
    document = behavior("m", comparisonOperator="in-set", value={"strings": ["a", "b"]})

    def events(order: list[str]) -> list[ViolationEvent]:
        several = [StringList(tuple(order)), StringList(tuple(reversed(order))), StringList(())]
        return feed(judge_of(document), [seen(s, {"m": each}) for s, each in enumerate(several)])

    assert events(first) == events(second)


@given(rough(20), st.data())
def test_damaged_snapshot_is_refused_or_leaves_a_working_evaluator(
    told: list[Observation], data: st.DataObject
) -> None:
    judge = judge_of()
    feed(judge, told)
    document = json.loads(json.dumps(judge.snapshot()))
    damaged = data.draw(st.builds(damage, st.just(document), st.lists(st.integers(0, 9)), rubbish))

    fresh = judge_of()
    try_to_restore(fresh, damaged)

    feed(fresh, told)
    json.dumps(fresh.snapshot())
    assert isinstance(fresh.active(), list)


rubbish: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def damage(document: Any, path: list[int], by: Any) -> Any:
    """Put rubbish somewhere into a document."""
    if not path or not isinstance(document, list | dict) or not document:
        return by
    keys = list(document) if isinstance(document, dict) else list(range(len(document)))
    key = keys[path[0] % len(keys)]
    document[key] = damage(document[key], path[1:], by)
    return document


def try_to_restore(judge: Evaluator, document: Any) -> None:
    try:
        judge.restore(document, revive)
    except BaselineError:
        assert judge.active() == []
