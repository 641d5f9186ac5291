"""`make bench-runbooks`: docs/runbooks/authorization-failures.md with its 50 devices.

Fifty agents against one sandbox; CI plays the same with five. What is told are the times until all
of them are in alarm, and until all have cleared. It ends with 0 also where a goal is missed.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.bench.figures import Figure, table
from tests.e2e.runbooks.refused_fleet import DEVICES, play


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.bench_runbooks", description=__doc__
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all of it there as well")
    file: Path | None = parser.parse_args().json
    with tempfile.TemporaryDirectory() as home:
        played = play(DEVICES, Path(home))
    rows = [
        Figure(what="devices in alarm", unit="number", measured=int(played.alarmed.split()[0])),
        Figure(what="until all are in alarm", unit="s", measured=played.alarmed_s, goal=30),
        Figure(what="until all have cleared", unit="s", measured=played.cleared_s, goal=30),
    ]
    print(table(rows))
    if file is not None:
        file.write_text(json.dumps({"figures": [row.document() for row in rows]}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
