"""Restarts, with other profiles than before."""

import json
from typing import Any

import pytest
from tests.detect.scenes import (
    CONNECTIONS,
    at_most,
    behavior,
    evaluator,
    feed,
    kinds,
    only_ports,
    ports,
    profile,
    revive,
    seen,
    windows,
)

from devicewarden.detect.evaluate import Evaluator
from devicewarden.model.behavior import SecurityProfile
from devicewarden.model.errors import BaselineError

P99 = behavior(
    CONNECTIONS, comparisonOperator="less-than-equals", durationSeconds=300,
    statisticalThreshold={"statistic": "p99"},
)  # fmt: skip


def restarted(before: Evaluator, *profiles: SecurityProfile) -> Evaluator:
    after = evaluator(*profiles)
    after.restore(json.loads(json.dumps(before.snapshot())), revive)
    for key, packed in before.learned.dump().items():
        after.learned.load(key, packed)
    return after


@pytest.mark.parametrize("now", [[], [only_ports(22, 80)]], ids=["removed", "changed"])
def test_violation_of_a_behavior_that_is_gone_is_invalidated(now: list[Any]) -> None:
    before = evaluator(profile(only_ports(22)))
    [raised] = feed(before, [seen(1, ports(22, 80))])

    after = restarted(before, profile(*now))

    [ended] = after.observe(seen(2, ports(22, 80))).events
    assert (ended.kind, ended.violation_id) == ("alarm-invalidated", raised.violation_id)
    assert ended.behavior.document == only_ports(22)
    assert after.active() == []
    assert after.observe(seen(3)).events == []


def test_changed_behavior_does_not_go_on_with_the_run_of_the_old_one() -> None:
    before = evaluator(profile(at_most(CONNECTIONS, 5, consecutiveDatapointsToAlarm=2)))
    feed(before, windows(CONNECTIONS, [9]))

    after = restarted(before, profile(at_most(CONNECTIONS, 6, consecutiveDatapointsToAlarm=2)))

    assert feed(after, windows(CONNECTIONS, [9], after=1)) == []


def test_other_window_length_begins_new_windows_and_keeps_the_alarm() -> None:
    before = evaluator(profile(only_ports(22)))
    [raised] = feed(before, [seen(1, ports(80))])
    after = evaluator(profile(only_ports(22)), datapoint_s=60)

    after.restore(before.snapshot(), revive)

    [cleared] = after.observe(seen(2, ports(22))).events
    assert (cleared.kind, cleared.violation_id) == ("alarm-cleared", raised.violation_id)


def test_forgiveness_survives_a_restart() -> None:
    before = evaluator(profile(P99))
    [raised] = feed(before, windows(CONNECTIONS, [*range(288), 1_000]))
    before.forgive(raised)

    after = restarted(before, profile(P99))

    assert kinds(feed(after, windows(CONNECTIONS, [999], after=289))) == ["alarm-cleared"]


def test_forgiveness_ends_when_the_value_has_left_the_past() -> None:
    judge = evaluator(profile(P99))
    [raised] = feed(judge, windows(CONNECTIONS, [*range(288), 1_000]))
    judge.forgive(raised)

    until = feed(judge, windows(CONNECTIONS, [50] * 4_030 + [999], after=289))
    after = feed(judge, windows(CONNECTIONS, [50, 999], after=289 + 4_031))

    assert kinds(until) == ["alarm-cleared"]
    assert kinds(after) == ["in-alarm"]


@pytest.mark.parametrize("document", [None, [], {}, {"version": 2}, "text"])
def test_what_is_no_snapshot_is_refused(document: Any) -> None:
    with pytest.raises(BaselineError):
        evaluator(profile()).restore(document, revive)
