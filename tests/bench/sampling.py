"""In a network namespace of its own: what sampling costs beside psutil, in one run.

Prints one JSON object of medians of CPU microseconds; the ways are tried in random order.
`sampling.py instructions quiet|psutil|nothing N` repeats one way N times, for callgrind to count.
"""

import json
import random
import resource
import statistics
import sys
from collections.abc import Callable, Mapping

import psutil
from load import L0, L1, L2, Load, applied

from devicewarden.collect.registry import quiet_collectors
from devicewarden.collect.sampler import Sampler
from devicewarden.collect.sockets import open_source

Way = Callable[[], object]


def ways() -> Mapping[str, Way]:
    """What is compared. Each way is warm: descriptors are open, caches filled."""
    source = open_source("netlink")
    quiet = Sampler(quiet_collectors(source))
    lists = open_source("netlink")

    def full() -> object:
        return lists.listening_tcp(), lists.listening_udp(), lists.established()

    return {
        "quiet": quiet.take,
        "full": full,
        "psutil": lambda: psutil.net_connections("inet"),
    }


def cpu_us(way: Way, repeat: int) -> float:
    """CPU of one call, user and system, averaged over a few so that the clock's grain is small."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(repeat):
        way()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return 1e6 * (
        (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    ) / repeat


def measure(load: Load, rounds: int) -> dict[str, float]:
    """Median CPU microseconds of each way under this load."""
    seen: dict[str, list[float]] = {}
    with applied(load):
        tried = list(ways().items())
        for name, way in tried:
            way()
            seen[name] = []
        for _ in range(rounds):
            random.shuffle(tried)
            for name, way in tried:
                seen[name].append(cpu_us(way, 50 if name == "quiet" else 1))
    return {name: statistics.median(times) for name, times in seen.items()}


def repeat_for_callgrind(name: str, times: int) -> None:
    """Under L1, do one way so many times; the difference of two runs is the cost of the calls."""
    with applied(L1):
        way = ways()[name]
        for _ in range(times):
            way()


def main() -> None:
    if sys.argv[1:2] == ["instructions"]:
        repeat_for_callgrind(sys.argv[2], int(sys.argv[3]))
        return
    print(json.dumps({"L0": measure(L0, 15), "L1": measure(L1, 15), "L2": measure(L2, 7)}))


if __name__ == "__main__":
    main()
