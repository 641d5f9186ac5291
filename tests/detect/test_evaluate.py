"""From observations to violations."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.detect.scenes import (
    BYTES_OUT,
    CONNECTIONS,
    START,
    TCP_PORTS,
    at_most,
    behavior,
    datapoints,
    evaluator,
    feed,
    kinds,
    only_ports,
    ports,
    profile,
    seen,
    windows,
)

from devicewarden.detect.evaluate import INVALID_AFTER_S
from devicewarden.model.metric import Number, StringList
from devicewarden.model.violation import Ports

DAY_S = 86_400


def test_events_of_a_violation_have_one_id_and_say_what_decided() -> None:
    judge = evaluator(profile(only_ports(22)))

    raised, cleared = feed(judge, [seen(1, ports(22, 4444)), seen(2, ports(22))])

    assert raised.violation_id == cleared.violation_id
    assert (raised.thing, raised.profile, raised.behavior.name) == ("edge-17", "edge", "b")
    assert (raised.kind, raised.at) == ("in-alarm", START + timedelta(seconds=1))
    assert raised.value == Ports(frozenset({22, 4444}))
    assert raised.context == {
        "first_seen": "2026-09-01T00:00:01+00:00", "offending": [4444], "offending_count": 1,
    }  # fmt: skip
    assert (cleared.kind, cleared.value) == ("alarm-cleared", Ports(frozenset({22})))
    assert cleared.context == {"first_seen": "2026-09-01T00:00:01+00:00"}


def test_next_violation_has_another_id() -> None:
    judge = evaluator(profile(only_ports(22)))

    events = feed(judge, [seen(s, ports(*p)) for s, p in enumerate([(23,), (), (23,), ()])])

    assert len({event.violation_id for event in events}) == 2


def test_event_of_a_number_names_limit_and_last_datapoints() -> None:
    judge = evaluator(profile(at_most(CONNECTIONS, 5, consecutiveDatapointsToAlarm=2)))

    datapoints(judge, CONNECTIONS, [1, 7])
    [raised] = feed(
        judge, [seen(900, {CONNECTIONS: Number(8)}), seen(901, {CONNECTIONS: Number(0)})]
    )

    assert raised.at == START + timedelta(seconds=900)
    assert raised.value == Number(8)
    assert raised.context == {
        "first_seen": "2026-09-01T00:10:00+00:00",
        "comparison": "less-than-equals",
        "limit": 5.0,
        "datapoints": [
            {"at": f"2026-09-01T00:{minute:02}:00+00:00", "value": {"count": count}}
            for minute, count in [(5, 1), (10, 7), (15, 8)]
        ],
    }


def test_active_violation_moves_with_its_latest_datapoint() -> None:
    judge = evaluator(
        profile(only_ports(22), at_most(CONNECTIONS, 5, durationSeconds=300) | {"name": "c"})
    )
    feed(judge, [seen(1, ports(23)), seen(2, ports(23, 24)), seen(3, ports(23, 24))])
    datapoints(judge, CONNECTIONS, [6, 7])

    listed, counted = judge.active()

    assert (listed.started_at, listed.last_at) == (
        START + timedelta(seconds=1),
        START + timedelta(seconds=3),
    )
    assert listed.last_value == Ports(frozenset({23, 24}))
    assert (counted.last_at, counted.last_value) == (START + timedelta(seconds=600), Number(7))


def test_metric_of_another_kind_is_not_judged_and_said_so() -> None:
    document = behavior("temps", comparisonOperator="in-set", value={"numbers": [1]})
    judge = evaluator(profile(document))

    assert feed(judge, [seen(s, {"temps": StringList(("hot",))}) for s in range(1000)]) == []
    assert [each.reason for each in judge.no_data()] == [
        "the metric is of another kind than the behavior"
    ]


def test_no_data_is_told_until_there_is_a_datapoint_and_again_when_they_stop() -> None:
    judge = evaluator(profile(at_most(CONNECTIONS, 5)))

    before = judge.no_data()
    datapoints(judge, CONNECTIONS, [1])
    between = judge.no_data()
    judge.observe(seen(300 + 3602))

    assert [each.reason for each in before] == ["no datapoint yet"]
    assert between == []
    assert [each.reason for each in judge.no_data()] == ["no datapoint for 3602 s"]


def test_percentile_of_negative_values_is_unavailable_and_said_so() -> None:
    document = behavior(
        "t", comparisonOperator="less-than", durationSeconds=300,
        statisticalThreshold={"statistic": "p90"},
    )  # fmt: skip
    judge = evaluator(profile(document))

    told = datapoints(judge, "t", [*range(288), -1, 1_000])

    assert not any(told)
    assert [each.reason for each in judge.no_data()] == ["negative values have no percentile"]


def test_counter_of_a_broken_window_leaves_a_run_of_violating_datapoints_unbroken() -> None:
    judge = evaluator(profile(at_most(BYTES_OUT, 5, consecutiveDatapointsToAlarm=2)))

    assert datapoints(judge, BYTES_OUT, [6, None, 6]) == [[], [], ["in-alarm"]]


def test_suppressed_behavior_is_judged_like_any_other() -> None:
    judge = evaluator(profile(only_ports(22) | {"suppressAlerts": True}))

    [raised] = feed(judge, [seen(1, ports(23))])

    assert raised.behavior.suppressed


@pytest.mark.parametrize("lists", [True, False])
def test_violation_without_datapoints_for_two_days_is_invalidated(*, lists: bool) -> None:
    document = only_ports(22) if lists else at_most(CONNECTIONS, 5)
    judge = evaluator(profile(document))
    both = {**ports(23), CONNECTIONS: Number(9)}
    [raised] = feed(judge, [seen(10, both), seen(301)])

    events = feed(judge, [seen(600 * n) for n in range(1, 300)])

    [ended] = events
    assert (ended.kind, ended.violation_id) == ("alarm-invalidated", raised.violation_id)
    assert (ended.value, ended.context["reason"]) == (None, "metric not observed for two days")
    after_s = (ended.at - START).total_seconds()
    assert INVALID_AFTER_S <= after_s <= INVALID_AFTER_S + 1200
    assert judge.active() == []


def test_clock_that_is_set_forward_invalidates_nothing() -> None:
    judge = evaluator(profile(only_ports(22)))
    judge.observe(seen(1, ports(23)))

    jumped = replace(seen(2, ports(23)), at=START + timedelta(days=400))

    assert judge.observe(jumped).events == []
    assert len(judge.active()) == 1


def test_unchanged_behaviors_go_on_over_a_reload_and_the_others_are_invalidated() -> None:
    stays, goes = only_ports(22), only_ports(22) | {"name": "goes"}
    changes = only_ports(22) | {"name": "changes"}
    changed = only_ports(22, 23) | {"name": "changes"}
    judge = evaluator(profile(stays, goes, changes))
    raised = feed(judge, [seen(1, ports(23))])

    ended = judge.reload([profile(stays, changed)], START + timedelta(seconds=2))
    events = feed(judge, [seen(3, ports(23)), seen(4, ports(22))])

    assert [(e.kind, e.behavior.name) for e in ended] == [
        ("alarm-invalidated", "goes"),
        ("alarm-invalidated", "changes"),
    ]
    assert [(e.kind, e.violation_id) for e in events] == [("alarm-cleared", raised[0].violation_id)]


def test_new_behavior_judges_a_list_that_was_there_before_it() -> None:
    judge = evaluator(profile(only_ports(22)))
    same = ports(22)
    judge.observe(seen(1, same))

    judge.reload([profile(only_ports(22), only_ports(80) | {"name": "new"})], START)

    assert [e.behavior.name for e in judge.observe(seen(2, same)).events] == ["new"]


def test_reload_keeps_open_windows_and_runs() -> None:
    twice = at_most(CONNECTIONS, 5, consecutiveDatapointsToAlarm=2)
    judge = evaluator(profile(twice))
    datapoints(judge, CONNECTIONS, [6])
    judge.observe(seen(400, {CONNECTIONS: Number(7)}))

    judge.reload(
        [profile(twice, at_most(BYTES_OUT, 1, durationSeconds=900) | {"name": "c"})], START
    )

    assert kinds(judge.observe(seen(601)).events) == ["in-alarm"]


def test_two_profiles_may_have_behaviors_of_the_same_name() -> None:
    judge = evaluator(profile(only_ports(22), name="a"), profile(only_ports(80), name="b"))

    events = feed(judge, [seen(1, ports(22))])

    assert [(e.profile, e.behavior.name) for e in events] == [("b", "b")]


def test_datapoints_of_all_metrics_are_handed_out_for_history() -> None:
    judge = evaluator(profile(at_most(BYTES_OUT, 1, durationSeconds=900)))
    judge.observe(seen(10, {**ports(22), CONNECTIONS: Number(4), "cpu": Number(0.5)}))

    found = judge.observe(seen(301)).datapoints

    assert {each.metric: each.value for each in found} == {
        TCP_PORTS: Ports(frozenset({22})), CONNECTIONS: Number(4), "cpu": Number(0.5),
    }  # fmt: skip
    assert {each.at for each in found} == {START + timedelta(seconds=300)}


def test_forgiven_value_is_normal_for_a_statistical_threshold() -> None:
    document = behavior(
        CONNECTIONS, comparisonOperator="less-than-equals", durationSeconds=300,
        statisticalThreshold={"statistic": "p99"},
    )  # fmt: skip
    judge = evaluator(profile(document))
    [raised] = feed(judge, windows(CONNECTIONS, [*range(288), 1_000, 1_001]))

    forgiven = judge.forgive(raised)
    events = feed(judge, windows(CONNECTIONS, [1_000, 999, 1_001], after=290))

    assert forgiven
    assert kinds(events) == ["alarm-cleared", "in-alarm"]


def test_static_behavior_has_nothing_to_forgive() -> None:
    judge = evaluator(profile(only_ports(22)))
    [raised] = feed(judge, [seen(1, ports(23))])

    assert judge.forgive(raised) is False


def test_training_tells_how_far_each_learner_is() -> None:
    document = behavior(BYTES_OUT, mlDetectionConfig={"confidenceLevel": "HIGH"})
    judge = evaluator(profile(only_ports(22), document | {"name": "ml"}))
    datapoints(judge, BYTES_OUT, [1] * 60)

    [told] = judge.training()

    assert (told.behavior, told.baseline) == ("ml", ("machine-learning", BYTES_OUT, 300))
    assert 0 < told.progress < 0.5
