"""Every behavior of the examples, through datapoints with the expected events."""

from typing import Any

import pytest
from tests.detect.scenes import datapoints, evaluator, example, feed, kinds, profile, seen, windows

from devicewarden.detect.shape import parse_metric_value

RULES = example("detect", "d01-profile-rules")["behaviors"]
STATISTICAL = [example("detect", "d02-behavior-statistical")]
LEARNING = [example("detect", "d03-behavior-ml")]
CUSTOM = example("detect", "d04-behaviors-custom-metrics")
SCOPED = example("detect", "d07-behaviors-with-dimension")
EXPORTED = example("detect", "d08-profile-retain-and-export")["behaviors"]
JUDGED = [*RULES, *STATISTICAL, *LEARNING, *CUSTOM, *EXPORTED]
BY_NAME = {each["name"]: each for each in [*JUDGED, *SCOPED]}

ALARM, CLEAR = ["in-alarm"], ["alarm-cleared"]
QUIET: list[str] = []

# Name of the behavior -> observed elements (None: not observed) and the events of each.
LISTS: dict[str, list[tuple[Any, list[str]]]] = {
    "tcp-ports-allowed": [
        ([22], QUIET), ([22, 4444], ALARM), ([22, 4444, 5555], QUIET), (None, QUIET),
        ([8883, 22], CLEAR), ([], QUIET), ([4444], ALARM), ([], CLEAR),
    ],
    "no-telnet": [
        ([22, 80], QUIET), ([22, 23], ALARM), ([2323], QUIET), ([22], CLEAR), ([23], ALARM),
    ],
    "udp-ports-allowed": [
        ([68, 123, 5353], QUIET), ([67], ALARM), (None, QUIET), ([68], CLEAR),
    ],
    "only-known-destinations": [
        (["10.1.2.3", "2001:db8::9"], QUIET), (["10.1.2.3", "203.0.113.9"], ALARM),
        (["::ffff:10.1.2.3"], CLEAR), (["2001:db9::1"], ALARM), ([], CLEAR),
    ],
    "temps-in-list": [([98.9, 40], QUIET), ([40, 99], ALARM), ([101.0], QUIET), ([40], CLEAR)],
    "modules-known": [
        (["overlay"], QUIET), (["overlay", "rootkit"], ALARM), (["wireguard"], CLEAR), ([], QUIET),
    ],
    "dns-known": [
        (["192.0.2.53"], QUIET), (["192.0.2.53", "8.8.8.8"], ALARM), (["2001:db8::1"], CLEAR),
        (["2001:db8:1::1"], ALARM),
    ],
}  # fmt: skip

# Name of the behavior -> the value of each whole window (None: not observed) and its events.
NUMBERS: dict[str, list[tuple[float | None, list[str]]]] = {
    "bytes-out-5min": [
        (6_000_000, QUIET), (6_000_000, ALARM), (1, QUIET), (6_000_000, QUIET), (1, QUIET),
        (None, QUIET), (1, QUIET), (1, CLEAR), (5_000_001, QUIET), (5_000_000, QUIET),
    ],
    "few-connections": [(39, QUIET), (40, ALARM), (54, QUIET), (None, QUIET), (39, CLEAR)],
    "still-listening": [(1, QUIET), (0, ALARM), (1, CLEAR)],
    "cpu-below-80": [
        (80.0, QUIET), (81, QUIET), (79.9, QUIET), (80, QUIET), (90, QUIET), (99, ALARM),
        (10, QUIET), (80, QUIET), (10, QUIET), (10, CLEAR),
    ],
    "authz-failures": [(4, QUIET), (5, ALARM), (0, CLEAR)],
}  # fmt: skip

DAY = 288


def test_every_behavior_of_the_examples_is_in_a_table() -> None:
    learnt = {"bytes-out-p90", "packets-out-ml", "cpu-ml"}

    assert {each["name"] for each in JUDGED} == {*LISTS, *NUMBERS, *learnt}


@pytest.mark.parametrize("name", LISTS)
def test_list_behavior_is_judged_at_once(name: str) -> None:
    document = BY_NAME[name]
    judge = evaluator(profile(document))
    [key] = document["criteria"]["value"]

    told = []
    for second, (elements, _) in enumerate(LISTS[name]):
        observed = {}
        if elements is not None:
            observed[document["metric"]] = parse_metric_value(document["metric"], {key: elements})
        told.append(kinds(judge.observe(seen(second, observed)).events))

    assert told == [events for _, events in LISTS[name]]


@pytest.mark.parametrize("name", NUMBERS)
def test_number_behavior_is_judged_by_whole_windows(name: str) -> None:
    document = BY_NAME[name]
    judge = evaluator(profile(document))

    told = datapoints(judge, document["metric"], [value for value, _ in NUMBERS[name]])

    assert told == [events for _, events in NUMBERS[name]]


def test_example_series_gives_its_events() -> None:
    case = next(c for c in example("detect", "d10-evaluation-cases") if "series" in c)
    document = BY_NAME[case["behavior"]]

    told = datapoints(evaluator(profile(document)), document["metric"], case["series"])

    assert told == [[] if kind is None else [kind] for kind in case["events"]]


def test_statistical_behavior_learns_a_day_in_silence_and_then_judges() -> None:
    judge = evaluator(profile(*STATISTICAL), datapoint_s=900)
    usual = [float(value % 100) for value in range(100)]

    told = datapoints(judge, "aws:all-bytes-out", [*usual, 89, 95, 1_000, 88], length_s=900)

    assert told == [[]] * 101 + [ALARM, QUIET, CLEAR]


@pytest.mark.parametrize("document", [*LEARNING, CUSTOM[-1]], ids=lambda each: each["name"])
def test_learning_behavior_is_silent_until_it_knows_and_then_finds_a_flood(document: Any) -> None:
    judge = evaluator(profile(document))
    usual = [1000.0 + 50 * (step * 7 % 11) for step in range(3 * DAY)]

    quiet = datapoints(judge, document["metric"], usual)
    flood = feed(judge, windows(document["metric"], [5_000_000] * 4, after=len(usual)))

    assert not any(quiet)
    assert kinds(flood) == ALARM
    assert flood[0].confidence == document["criteria"]["mlDetectionConfig"]["confidenceLevel"]
    assert {"view", "score", "usual"} <= set(flood[0].context)


def test_behavior_that_is_narrowed_to_topics_is_never_judged_and_said_so() -> None:
    judge = evaluator(profile(*SCOPED))

    for document in SCOPED:
        assert not any(datapoints(judge, document["metric"], [1_000_000] * 3))

    assert [each.behavior for each in judge.no_data()] == [each["name"] for each in SCOPED]


def test_absent_metric_neither_alarms_nor_clears_any_behavior() -> None:
    judge = evaluator(profile(*JUDGED))

    for second in range(0, 3600, 10):
        assert judge.observe(seen(second)).events == []

    assert {each.behavior for each in judge.no_data()} == {each["name"] for each in JUDGED}
