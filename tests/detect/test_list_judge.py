"""List metrics: at once, by windows, and what was too short for any sample."""

from datetime import timedelta

from tests.detect.scenes import (
    START,
    TCP_PORTS,
    behavior,
    destinations,
    evaluator,
    feed,
    kinds,
    only_ports,
    ports,
    profile,
    seen,
)

from devicewarden.model.violation import Addresses, Ports


def test_what_came_and_went_between_two_samples_alarms_and_the_next_sample_clears() -> None:
    judge = evaluator(profile(only_ports(22)))
    judge.observe(seen(1, ports(22)))

    [raised] = judge.observe(seen(2, ports(22), brief=ports_of(4444))).events
    [cleared] = judge.observe(seen(3, ports(22))).events

    assert raised.value == Ports(frozenset({22, 4444}))
    assert (raised.context["offending"], cleared.kind) == ([4444], "alarm-cleared")


def ports_of(*numbers: int) -> dict[str, Ports]:
    return {TCP_PORTS: Ports(frozenset(numbers))}


def test_close_event_is_judged_without_a_sample() -> None:
    judge = evaluator(profile(only_ports(22)))
    judge.observe(seen(1, ports(22)))

    assert judge.observe(seen(1.2, brief=ports_of(22, 80))).events[0].kind == "in-alarm"
    assert judge.observe(seen(1.3, brief=ports_of(22))).events == []
    assert kinds(judge.observe(seen(2, ports(22))).events) == ["alarm-cleared"]


def test_brief_elements_that_conform_alarm_nobody() -> None:
    judge = evaluator(profile(only_ports(22, 80)))

    assert feed(judge, [seen(1, brief=ports_of(80)), seen(2, ports(22), brief=ports_of(80))]) == []


def test_list_that_must_offend_twice_is_judged_by_what_was_seen_in_each_window() -> None:
    judge = evaluator(profile(only_ports(22, consecutiveDatapointsToAlarm=2)))
    observations = [seen(s, ports(22, *([4444] if s in (10, 310) else []))) for s in range(1, 602)]

    events = [(event.kind, event.at, event.value) for event in feed(judge, observations)]

    end = START + timedelta(seconds=600)
    assert events[:1] == [("in-alarm", end, Ports(frozenset({22, 4444})))]
    # One datapoint is enough to clear, so the first sample that conforms does it.
    assert [kind for kind, _, _ in events[1:]] == ["alarm-cleared"]


def test_what_comes_and_goes_is_one_alarm_where_several_datapoints_must_clear() -> None:
    judge = evaluator(profile(only_ports(22, consecutiveDatapointsToClear=2)))
    beacon = range(5, 900, 60)

    events = feed(
        judge, [seen(s, ports(22, *([66] if s in beacon else []))) for s in range(1, 2000)]
    )

    assert [(event.kind, (event.at - START).seconds) for event in events] == [
        ("in-alarm", 5),
        ("alarm-cleared", 1500),
    ]


def test_element_that_stays_violates_every_window() -> None:
    judge = evaluator(profile(only_ports(22, consecutiveDatapointsToAlarm=3)))

    events = feed(judge, [seen(s, ports(22, 66)) for s in range(1, 1000)])

    assert [(event.kind, (event.at - START).seconds) for event in events] == [("in-alarm", 900)]


def test_long_list_is_told_by_what_offends() -> None:
    many = [f"10.0.{n // 256}.{n % 256}" for n in range(5_000)]
    document = behavior(
        "aws:destination-ip-addresses",
        comparisonOperator="in-cidr-set",
        value={"cidrs": ["10.0.0.0/8"]},
    )
    judge = evaluator(profile(document))

    [raised] = feed(judge, [seen(1, destinations(*many, "192.0.2.1"))])

    assert raised.value == Addresses(frozenset({"192.0.2.1"}))


def test_close_event_tells_nothing_of_a_list_that_was_not_seen_with_it() -> None:
    judge = evaluator(profile(only_ports(22)))
    judge.observe(seen(1, ports(80)))
    feed(judge, [seen(600 * n) for n in range(1, 300)])

    [raised] = judge.observe(seen(180_000, brief=ports_of(99))).events

    assert (raised.value, raised.context["offending"]) == (Ports(frozenset({99})), [99])


def test_what_was_too_short_for_a_sample_counts_for_its_window() -> None:
    judge = evaluator(profile(only_ports(22, consecutiveDatapointsToAlarm=2)))
    flashes = (100, 400)

    observations = [
        seen(s, ports(22), brief=ports_of(66) if s in flashes else {}) for s in range(1, 602)
    ]

    assert [(e.kind, e.context["offending"]) for e in feed(judge, observations)[:1]] == [
        ("in-alarm", [66])
    ]
