"""A behavior that fails its whole first hour may say the contrary of what was meant."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.detect.scenes import (
    CONNECTIONS,
    TCP_PORTS,
    at_most,
    behavior,
    evaluator,
    feed,
    only_ports,
    ports,
    profile,
    revive,
    seen,
    windows,
)

from devicewarden.detect.evaluate import Evaluator
from devicewarden.detect.observe import Observation
from devicewarden.detect.trial import Trial
from devicewarden.model.errors import BaselineError

FLOOD = behavior(
    CONNECTIONS, "flood", comparisonOperator="greater-than", value={"count": 1000},
    durationSeconds=300, consecutiveDatapointsToAlarm=2,
)  # fmt: skip
HOUR = 12
"""Windows."""


def told(judge: Evaluator) -> list[tuple[str, int, int]]:
    return [(doubt.behavior, doubt.failed, doubt.datapoints) for doubt in judge.doubts()]


def listed(*windows: set[int]) -> list[Observation]:
    return [seen(index * 300 + 1, ports(*numbers)) for index, numbers in enumerate(windows)]


def test_an_alarm_condition_is_doubted_after_an_hour_and_not_before() -> None:
    judge = evaluator(profile(FLOOD))

    feed(judge, windows(CONNECTIONS, [20] * (HOUR - 1)))
    before = judge.doubts()
    feed(judge, windows(CONNECTIONS, [20], after=HOUR - 1))
    [doubt] = judge.doubts()

    assert before == []
    assert (doubt.failed, doubt.datapoints) == (HOUR, HOUR)
    assert f"alarms whenever {CONNECTIONS} is not greater-than 1000" in doubt.hint
    assert "write less-than-equals" in doubt.hint


def test_a_normal_condition_that_failed_at_first_is_not_doubted() -> None:
    judge = evaluator(profile(at_most(CONNECTIONS, 50)))

    feed(judge, windows(CONNECTIONS, [90] * (HOUR - 2) + [20, 20] + [90] * 1000))

    assert judge.doubts() == []


def test_a_doubt_ends_when_the_behavior_holds_now_and_then() -> None:
    judge = evaluator(profile(FLOOD))

    feed(judge, windows(CONNECTIONS, [20] * HOUR + [2000]))
    once = told(judge)
    feed(judge, windows(CONNECTIONS, [2000, 20, 20], after=HOUR + 1))

    assert once == [("flood", HOUR, HOUR + 1)]
    assert judge.doubts() == []


def test_missing_data_raises_no_doubt() -> None:
    judge = evaluator(profile(FLOOD))

    feed(judge, windows(CONNECTIONS, [20, *[None] * HOUR, 20]))

    assert judge.doubts() == []


def test_long_windows_are_doubted_after_three() -> None:
    judge = evaluator(profile(at_most(CONNECTIONS, 5, durationSeconds=3600)))

    feed(judge, windows(CONNECTIONS, [9, 9, 9], length_s=3600))

    assert told(judge) == [("b", 3, 3)]


@pytest.mark.parametrize(
    ("operator", "advice"),
    [
        ("not-in-port-set", "shorten the list, or write in-port-set"),
        ("in-port-set", "complete the list, or write not-in-port-set"),
    ],
)
def test_a_list_that_offends_for_an_hour_is_doubted(operator: str, advice: str) -> None:
    value = {"ports": [22] if operator.startswith("not") else [443]}
    judge = evaluator(profile(behavior(TCP_PORTS, comparisonOperator=operator, value=value)))

    feed(judge, [*listed(*[{22}] * HOUR), seen(HOUR * 300 + 1)])

    [doubt] = judge.doubts()
    assert (doubt.failed, doubt.datapoints) == (HOUR, HOUR)
    assert advice in doubt.hint


def test_a_list_that_is_empty_conforms() -> None:
    judge = evaluator(profile(only_ports(22)))

    feed(judge, [*listed(*[{80}] * 6, *[set()] * 6), seen(HOUR * 300 + 1)])

    assert judge.doubts() == []


def test_a_restart_forgets_no_doubt() -> None:
    before = evaluator(profile(FLOOD))
    feed(before, windows(CONNECTIONS, [20] * HOUR))

    after = evaluator(profile(FLOOD))
    after.restore(json.loads(json.dumps(before.snapshot())), revive)

    assert after.doubts() == before.doubts() != []


def test_a_behavior_that_proved_itself_is_not_tried_again_after_a_restart() -> None:
    before = evaluator(profile(at_most(CONNECTIONS, 50)))
    feed(before, windows(CONNECTIONS, [20] * HOUR))

    after = evaluator(profile(at_most(CONNECTIONS, 50)))
    after.restore(before.snapshot(), revive)
    feed(after, windows(CONNECTIONS, [90] * 2 * HOUR, after=HOUR))

    assert after.doubts() == []


@pytest.mark.parametrize("restart", [True, False], ids=["restart", "reload"])
def test_a_corrected_behavior_is_tried_anew(*, restart: bool) -> None:
    corrected = profile(at_most(CONNECTIONS, 1000) | {"name": "flood"})
    judge = evaluator(profile(FLOOD))
    feed(judge, windows(CONNECTIONS, [20] * HOUR))

    if restart:
        kept = judge.snapshot()
        judge = evaluator(corrected)
        judge.restore(kept, revive)
    else:
        judge.reload([corrected], seen(HOUR * 300 + 2).at)

    assert judge.doubts() == []


@pytest.mark.parametrize(
    "trial", [None, [], ["edge", "b", 1, 2], ["edge", "b", 1, -1, 0], [1, "b", 1, 1, 1]]
)
def test_a_damaged_trial_is_refused(trial: object) -> None:
    judge = evaluator(profile(FLOOD))
    document = {**judge.snapshot(), "trials": [trial]}

    with pytest.raises(BaselineError):
        judge.restore(document, revive)


@given(violating=st.lists(st.booleans(), max_size=60), length_s=st.integers(1, 86_400))
def test_only_what_nearly_always_violates_is_doubted(
    *, violating: list[bool], length_s: int
) -> None:
    trial = Trial(length_s)

    for violates in violating:
        trial.note(violates=violates)

    if trial.doubtful:
        assert sum(violating) >= 0.9 * len(violating)
        assert len(violating) >= max(3, 3600 / length_s)
