"""`make bench-runbooks`: docs/runbooks/authorization-failures.md with its 50 devices.

Fifty agents against one sandbox; CI plays the same with five. What is told are the times until all
of them are in alarm, and until all have cleared. It ends with 0 also where a goal is missed.
"""

import sys
import tempfile
from pathlib import Path

from tests.bench.figures import Figure, tell
from tests.e2e.runbooks.refused_fleet import DEVICES, play


def main() -> int:
    return tell("bench_runbooks", __doc__, measured)


def measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as home:
        played = play(DEVICES, Path(home))
    return [
        Figure(what="devices in alarm", unit="number", measured=int(played.alarmed.split()[0])),
        Figure(what="until all are in alarm", unit="s", measured=played.alarmed_s, goal=30),
        Figure(what="until all have cleared", unit="s", measured=played.cleared_s, goal=30),
    ]


if __name__ == "__main__":
    sys.exit(main())
