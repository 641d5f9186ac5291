"""The step from two samples to metrics: never negative, never a jump, never guessed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.collect.delta import delta
from devicewarden.model.metric import (
    LISTENING_TCP_PORTS,
    NETWORK_TRAFFIC,
    TCP_OPENS,
    InterfaceTotals,
    Listener,
    Listeners,
    MetricValue,
    Number,
    RawValue,
    Sample,
    TcpOpens,
    Traffic,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
COUNTERS = st.integers(min_value=0, max_value=2**64 - 1)
TRAFFIC = st.builds(Traffic, COUNTERS, COUNTERS, COUNTERS, COUNTERS)
TOTALS = st.dictionaries(st.integers(1, 6), TRAFFIC, max_size=5)


def sample(metric: str, value: RawValue, *, uptime_s: float, boot_id: str = "one") -> Sample:
    return Sample(
        taken_at=NOON, uptime_s=uptime_s, boot_id=boot_id, values={metric: value}, failed={}
    )


def traffic(before: dict[int, Traffic], after: dict[int, Traffic]) -> MetricValue | None:
    """What delta makes of the totals of two samples."""
    return delta(
        sample(NETWORK_TRAFFIC, InterfaceTotals(before), uptime_s=10),
        sample(NETWORK_TRAFFIC, InterfaceTotals(after), uptime_s=11),
    ).values.get(NETWORK_TRAFFIC)


def test_traffic_is_summed_over_interfaces() -> None:
    before = {2: Traffic(100, 200, 10, 20), 3: Traffic(5, 5, 5, 5)}
    after = {2: Traffic(150, 290, 11, 22), 3: Traffic(6, 7, 8, 9)}

    assert traffic(before, after) == Traffic(51, 92, 4, 6)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {2: Traffic(9, 9, 9, 9)}, id="new interface"),
        pytest.param({2: Traffic(9, 9, 9, 9)}, {}, id="deleted interface"),
        pytest.param(
            {2: Traffic(9, 9, 9, 9)}, {5: Traffic(99, 99, 99, 99)}, id="re-created interface"
        ),
        pytest.param(
            {2: Traffic(900, 900, 9, 9)}, {2: Traffic(1, 1, 1, 1)}, id="counters were reset"
        ),
        pytest.param(
            {2: Traffic(2**32 - 10, 50, 70, 8)},
            {2: Traffic(90, 60, 80, 9)},
            id="32-bit counter wrapped at 4 GiB",
        ),
    ],
)
def test_an_interface_that_does_not_compare_adds_nothing(
    before: dict[int, Traffic], after: dict[int, Traffic]
) -> None:
    steady = Traffic(1000, 1000, 100, 100)

    found = traffic(before | {9: steady}, after | {9: Traffic(1001, 1002, 103, 104)})

    assert found == Traffic(1, 2, 3, 4)


@given(TOTALS, TOTALS)
def test_traffic_is_never_negative_and_never_more_than_what_came_on(
    before: dict[int, Traffic], after: dict[int, Traffic]
) -> None:
    found = traffic(before, after)

    assert isinstance(found, Traffic)
    for column in range(4):
        grown = sum(
            max(0, after[index][column] - before[index][column]) for index in before.keys() & after
        )
        assert 0 <= found[column] <= grown


@given(TOTALS)
def test_nothing_moved_is_no_traffic(totals: dict[int, Traffic]) -> None:
    assert traffic(totals, totals) == Traffic(0, 0, 0, 0)


@given(COUNTERS, COUNTERS, COUNTERS, COUNTERS)
def test_opens_are_differences_or_absent(a0: int, p0: int, a1: int, p1: int) -> None:
    found = delta(
        sample(TCP_OPENS, TcpOpens(a0, p0), uptime_s=1),
        sample(TCP_OPENS, TcpOpens(a1, p1), uptime_s=2),
    ).values

    went_back = a1 < a0 or p1 < p0
    assert found == ({} if went_back else {TCP_OPENS: TcpOpens(a1 - a0, p1 - p0)})


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (NETWORK_TRAFFIC, InterfaceTotals({2: Traffic(5, 5, 5, 5)})),
        (TCP_OPENS, TcpOpens(5, 5)),
    ],
    ids=["traffic", "opens"],
)
def test_totals_do_not_compare_across_a_boot_nor_with_nothing(metric: str, value: RawValue) -> None:
    after = sample(metric, value, uptime_s=900, boot_id="two")

    across = delta(sample(metric, value, uptime_s=100_000), after)
    first = delta(sample("load", Number(1), uptime_s=800, boot_id="two"), after)

    assert across.values == {}
    assert across.interval_s == 900
    assert first.values == {}


def test_other_values_pass_as_they_are() -> None:
    ports = Listeners(frozenset({Listener("::", 22, None)}))

    found = delta(
        sample("load", Number(1), uptime_s=1), sample(LISTENING_TCP_PORTS, ports, uptime_s=301.5)
    )

    assert found.values == {LISTENING_TCP_PORTS: ports}
    assert found.interval_s == 300.5
    assert found.taken_at == NOON


@pytest.mark.parametrize("uptime_s", [10, 9.5])
def test_a_later_sample_that_is_not_later_is_refused(uptime_s: float) -> None:
    with pytest.raises(ValueError, match="not later"):
        delta(sample("load", Number(1), uptime_s=10), sample("load", Number(1), uptime_s=uptime_s))
