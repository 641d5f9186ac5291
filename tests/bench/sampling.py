"""What sampling costs beside psutil, under the load of the network namespace it is run in.

`sampling.py cpu ROUNDS` prints one JSON object: median CPU microseconds of one call of each way.
`sampling.py calls WAY TIMES` only makes the calls, for callgrind to count.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

import psutil

from devicewarden.collect.sockets import open_source
from devicewarden.config.settings import Settings
from devicewarden.daemon.start import quiet_sampler

Way = Callable[[], object]
# One call in a round is too short for a busy machine: it is all caches and interrupts.
TOGETHER: Final = {"quiet": 50}


def ways() -> Mapping[str, Way]:
    """Make what is compared: each way is warm, its descriptors are open and its caches filled."""
    lists = open_source("netlink")

    def full() -> object:
        return lists.listening_tcp(), lists.listening_udp(), lists.established()

    made: dict[str, Way] = {
        "quiet": quiet_sampler(Settings()).take,
        "full": full,
        "psutil": lambda: psutil.net_connections("inet"),
    }
    for way in made.values():
        way()
    return made


def cpu_us(way: Way, times: int) -> float:
    """CPU of one call, user and system, in microseconds."""
    before = time.process_time_ns()
    for _ in range(times):
        way()
    return (time.process_time_ns() - before) / times / 1000


def measure(rounds: int) -> dict[str, float]:
    """Try every way once a round, in random order, and take the median of the rounds."""
    tried = list(ways().items())
    seen: dict[str, list[float]] = {name: [] for name, _ in tried}
    for _ in range(rounds):
        random.shuffle(tried)
        for name, way in tried:
            seen[name].append(cpu_us(way, TOGETHER.get(name, 1)))
    return {name: statistics.median(times) for name, times in seen.items()}


def main() -> None:
    match sys.argv[1:]:
        case ["cpu", rounds]:
            print(json.dumps(measure(int(rounds))))
        case ["calls", name, times]:
            way = ways()[name]
            for _ in range(int(times)):
                way()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
