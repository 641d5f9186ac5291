"""Profiles, observations and evaluators that tests of the engine share."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from devicewarden.config.profile import parse_profile
from devicewarden.detect.elements import ListValue
from devicewarden.detect.evaluate import Evaluator
from devicewarden.detect.observe import Observation
from devicewarden.model.behavior import Behavior, SecurityProfile
from devicewarden.model.metric import Number
from devicewarden.model.violation import Addresses, DatapointValue, Ports, ViolationEvent

DATA = Path(__file__).parents[1] / "data"
START = datetime(2026, 9, 1, tzinfo=UTC)
"""Windows of every length in these tests begin here."""
TCP_PORTS = "aws:listening-tcp-ports"
BYTES_OUT = "aws:all-bytes-out"
CONNECTIONS = "aws:num-established-tcp-connections"
DESTINATIONS = "aws:destination-ip-addresses"


def example(folder: str, name: str) -> Any:
    return json.loads((DATA / folder / f"{name}.json").read_text(encoding="utf-8"))


def profile(*behaviors: Mapping[str, Any], name: str = "edge") -> SecurityProfile:
    parsed = parse_profile(list(behaviors), name=name)
    assert parsed.profile is not None, parsed.problems
    return parsed.profile


def revive(document: Mapping[str, Any]) -> Behavior | None:
    parsed = parse_profile([document], name="p").profile
    return parsed.behaviors[0] if parsed else None


def behavior(metric: str, name: str = "b", **criteria: Any) -> dict[str, Any]:
    return {"name": name, "metric": metric, "criteria": criteria}


def only_ports(*ports: int, **more: Any) -> dict[str, Any]:
    value = {"ports": list(ports)}
    return behavior(TCP_PORTS, comparisonOperator="in-port-set", value=value, **more)


def at_most(metric: str, limit: int, **more: Any) -> dict[str, Any]:
    value = {"count": limit} if metric.startswith("aws:") else {"number": limit}
    return behavior(metric, comparisonOperator="less-than-equals", value=value, **more)


def counted_ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"{next(numbers):032x}"


def evaluator(
    *profiles: SecurityProfile, datapoint_s: int = 300, new_id: Callable[[], str] | None = None
) -> Evaluator:
    return Evaluator(
        profiles, thing="edge-17", datapoint_s=datapoint_s, new_id=new_id or counted_ids()
    )


def seen(
    after_s: float,
    values: Mapping[str, DatapointValue] | None = None,
    *,
    interval_s: float = 0.0,
    brief: Mapping[str, ListValue] | None = None,
) -> Observation:
    """Observe some seconds after the start; the clock is right."""
    return Observation(
        at=START + timedelta(seconds=after_s),
        uptime_s=1_000_000 + after_s,
        boot_id="boot",
        interval_s=interval_s,
        values=values or {},
        brief=brief or {},
    )


def ports(*numbers: int) -> dict[str, DatapointValue]:
    return {TCP_PORTS: Ports(frozenset(numbers))}


def destinations(*addresses: str) -> dict[str, DatapointValue]:
    return {DESTINATIONS: Addresses(frozenset(addresses))}


def feed(judge: Evaluator, observations: Iterable[Observation]) -> list[ViolationEvent]:
    return [event for each in observations for event in judge.observe(each).events]


def windows(
    metric: str, values: Iterable[float | None], *, after: int = 0, length_s: int = 300
) -> list[Observation]:
    """Let each value be a whole window, which something after its end closes; None: not observed.

    Two observations a value; `after` so many windows.
    """
    told: list[Observation] = []
    for index, value in enumerate(values, after + 1):
        observed = {} if value is None else {metric: Number(value)}
        told.append(seen(index * length_s, observed, interval_s=length_s))
        told.append(seen(index * length_s + 0.001))
    return told


def datapoints(
    judge: Evaluator,
    metric: str,
    values: Iterable[float | None],
    *,
    after: int = 0,
    length_s: int = 300,
) -> list[list[str]]:
    """Let each value be a whole window, and give the kinds of the events of each."""
    told = windows(metric, values, after=after, length_s=length_s)
    return [
        kinds([*judge.observe(observed).events, *judge.observe(closing).events])
        for observed, closing in zip(told[::2], told[1::2], strict=True)
    ]


def kinds(events: Iterable[ViolationEvent]) -> list[str]:
    return [event.kind for event in events]
