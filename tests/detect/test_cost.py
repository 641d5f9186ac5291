"""What an observation costs, in function calls: these do not depend on the machine."""

import sys
from typing import Any

import pytest
from tests.detect.scenes import (
    BYTES_OUT,
    CONNECTIONS,
    DESTINATIONS,
    at_most,
    behavior,
    evaluator,
    only_ports,
    profile,
    seen,
)

from devicewarden.detect.evaluate import Evaluator
from devicewarden.detect.observe import Observation
from devicewarden.model.metric import Number
from devicewarden.model.violation import Addresses, DatapointValue, Ports

FEW, MANY = 20, 20_000


def hundred() -> list[dict[str, Any]]:
    """Make behaviors of every kind."""
    known = behavior(
        DESTINATIONS, comparisonOperator="in-cidr-set", value={"cidrs": ["10.0.0.0/8", "::/0"]}
    )
    banned = behavior(
        DESTINATIONS, comparisonOperator="not-in-cidr-set", value={"cidrs": ["192.0.2.0/24"]}
    )
    kinds = [known, banned, only_ports(22, 80), at_most(CONNECTIONS, 50_000), at_most(BYTES_OUT, 9)]
    return [kinds[n % len(kinds)] | {"name": f"b{n}"} for n in range(100)]


def addresses(count: int) -> frozenset[str]:
    return frozenset(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(count))


def observed(second: int, peers: frozenset[str]) -> Observation:
    values: dict[str, DatapointValue] = {
        DESTINATIONS: Addresses(peers),
        "aws:listening-tcp-ports": Ports(frozenset({22, 80})),
        CONNECTIONS: Number(len(peers)),
        BYTES_OUT: Number(1),
    }
    return seen(second, values, interval_s=1.0)


def calls(judge: Evaluator, observation: Observation) -> int:
    """Count the calls of functions, built-in ones too, that an observation takes."""
    counted = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        judge.observe(observation)
    finally:
        sys.setprofile(None)
    return counted


def settled(peers: frozenset[str]) -> Evaluator:
    judge = evaluator(profile(*hundred()))
    judge.observe(observed(1, peers))
    return judge


@pytest.mark.parametrize("count", [FEW, MANY])
def test_unchanged_destinations_cost_nothing_each(count: int) -> None:
    peers = addresses(count)
    copy = frozenset(list(peers))

    assert calls(settled(peers), observed(2, peers)) < 250
    assert calls(settled(peers), observed(2, copy)) < 250


def test_one_new_destination_costs_the_same_among_many_as_among_few() -> None:
    few, many = (
        calls(settled(peers), observed(2, peers | {"10.255.0.1"}))
        for peers in (addresses(FEW), addresses(MANY))
    )

    assert many <= few + 10


def test_destinations_that_are_all_new_are_read_once_for_all_behaviors() -> None:
    peers = addresses(1_000)
    one = evaluator(profile(hundred()[0]))
    everybody = evaluator(profile(*hundred()))

    alone, together = (calls(judge, observed(1, peers)) for judge in (one, everybody))

    assert alone > 1_000
    assert together < alone + 100 * 30
