"""What judging costs: 100 behaviors over few and many destinations, and two weeks replayed.

`python -m tests.bench.judging` prints one JSON object.
"""

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, Final

from devicewarden.cli.past import read_history
from devicewarden.config.profile import parse_profile
from devicewarden.config.profile_schema import METRICS
from devicewarden.config.settings import BUILT_IN_METRICS, StateSettings
from devicewarden.detect.evaluate import Evaluator
from devicewarden.detect.observe import Observation
from devicewarden.detect.retrospect import retrospect
from devicewarden.model.behavior import SecurityProfile
from devicewarden.model.metric import Number
from devicewarden.model.violation import Addresses, Datapoint, DatapointValue, Ports
from devicewarden.state.state import open_state

L0, L2 = 20, 20_000
"""Destinations."""
BEHAVIORS: Final = 100
SAMPLES: Final = 600
ROUNDS: Final = 5
DAYS: Final = 14
STEP_S: Final = 300
START: Final = datetime(2026, 9, 1, tzinfo=UTC)
DESTINATIONS: Final = "aws:destination-ip-addresses"
TCP_PORTS: Final = "aws:listening-tcp-ports"
MEASURED: Final = tuple(
    name for name, it in METRICS.items() if it.shape == "count" and it.measured == "device"
)
NUMBERS: Final = (
    *(name for name, it in METRICS.items() if it.shape == "count" and it.measured != "nowhere"),
    *BUILT_IN_METRICS,
)


def profile(learning: tuple[str, ...]) -> SecurityProfile:
    """Make 100 behaviors: lists, learning ones, percentiles, and for the rest limits."""
    documents = [
        _behavior(TCP_PORTS, "in-port-set", {"ports": [22, 80, 443]}),
        _behavior(DESTINATIONS, "in-cidr-set", {"cidrs": ["10.0.0.0/8", "2001:db8::/32"]}),
        _behavior(DESTINATIONS, "not-in-cidr-set", {"cidrs": ["192.0.2.0/24"]}),
        *({"metric": m, "criteria": {"mlDetectionConfig": {"confidenceLevel": "HIGH"}}}
          for m in learning),
        *({"metric": m, "criteria": {"comparisonOperator": "less-than-equals",
           "statisticalThreshold": {"statistic": "p99.9"}, "durationSeconds": STEP_S}}
          for m in NUMBERS),
    ]  # fmt: skip
    for number in range(BEHAVIORS - len(documents)):
        metric = NUMBERS[number % len(NUMBERS)]
        key = "count" if metric in METRICS else "number"
        documents.append(_behavior(metric, "less-than-equals", {key: 10**7}))
    named = [each | {"name": f"b{index}"} for index, each in enumerate(documents)]
    parsed = parse_profile(named, name="bench").profile
    if parsed is None:
        raise ValueError("the profile of the bench cannot be judged")
    return parsed


def _behavior(metric: str, operator: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"metric": metric, "criteria": {"comparisonOperator": operator, "value": value}}


def evaluator() -> Evaluator:
    ids = count()
    return Evaluator(
        [profile(MEASURED)], thing="bench", datapoint_s=STEP_S, new_id=lambda: f"{next(ids):032x}"
    )


def sampled(destinations: int) -> Iterator[Observation]:
    """Observe once a second; each time one destination goes, and another one comes."""
    known = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(destinations + SAMPLES)]
    ports = Ports(frozenset({22, 80, 443}))
    for second in range(SAMPLES):
        values: dict[str, DatapointValue] = {metric: Number(40.0) for metric in NUMBERS}
        values[TCP_PORTS] = ports
        values[DESTINATIONS] = Addresses(frozenset(known[second : second + destinations]))
        at = START + timedelta(seconds=second)
        yield Observation(at=at, uptime_s=second, boot_id="b", interval_s=1.0, values=values)


def sample_us(destinations: int) -> float:
    """Measure one sample: median of the rounds; the first sample, where all is new, apart."""
    told = list(sampled(destinations))

    def once() -> float:
        judge = evaluator()
        judge.observe(told[0])
        return 1e6 * _seconds(lambda: [judge.observe(each) for each in told[1:]]) / (SAMPLES - 1)

    return statistics.median(once() for _ in range(ROUNDS))


def history() -> Iterator[list[Datapoint]]:
    """Make the datapoints of two weeks, window by window."""
    chance = random.Random(1)
    for step in range(1, DAYS * 86_400 // STEP_S + 1):
        at = START + timedelta(seconds=STEP_S * step)
        # Whole numbers, as counters are; the state keeps them shorter than others.
        points = [Datapoint(m, at, Number(round(chance.lognormvariate(9, 0.3)))) for m in NUMBERS]
        network = chance.randrange(3)
        peers = frozenset(f"10.0.{network}.{n}" for n in range(100))
        points.append(Datapoint(DESTINATIONS, at, Addresses(peers)))
        points.append(Datapoint(TCP_PORTS, at, Ports(frozenset({22, 80, 443}))))
        yield points


def replay_s() -> dict[str, float]:
    """Measure reading and judging two weeks, with seven learning metrics, and with all."""
    with tempfile.TemporaryDirectory() as folder:
        settings = StateSettings(dir=folder)
        end = START + timedelta(days=DAYS)
        state = open_state(settings, lambda: end)
        for index, points in enumerate(history()):
            state.datapoints.append(points)
            if index % 100 == 0:
                state.reports.next_report_id()
        state.close()
        return {
            f"replay, {len(learning)} metrics learnt, s": _seconds(
                partial(replayed, settings, learning)
            )
            for learning in (MEASURED, NUMBERS)
        }


def replayed(settings: StateSettings, learning: tuple[str, ...]) -> object:
    tried = profile(learning)
    points = read_history(settings, START, {behavior.metric for behavior in tried.behaviors})
    if len(points) != (len(NUMBERS) + 2) * DAYS * 86_400 // STEP_S:
        raise ValueError(f"the history has {len(points)} datapoints")
    return retrospect(tried, points, thing="bench", datapoint_s=STEP_S)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main() -> None:
    costs = {"sample L0, us": sample_us(L0), "sample L2, us": sample_us(L2)}
    print(json.dumps(costs | replay_s()))


if __name__ == "__main__":
    main()
