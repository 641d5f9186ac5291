"""Count user instructions with callgrind: the same on a busy machine as on an idle one.

`python -m tests.bench.instructions PYTHON` prints one JSON object: instructions of one call of each
way. Only the process that makes the calls runs under valgrind, not what holds the load.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.bench.figures import per_call

CALLS: Final = {"quiet": 40, "psutil": 1}
_TOTALS: Final = re.compile(r"^totals: (\d+)$", re.MULTILINE)


def counted(python: str, way: str, times: int) -> int:
    """Count the instructions of a whole process that calls a way so many times.

    Raises:
        ValueError: callgrind wrote no total.
        subprocess.CalledProcessError: valgrind or the process failed.
    """
    calls = [python, "-m", "tests.bench.sampling", "calls", way, str(times)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        tool = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}"]
        # Another seed lays out every dict anew, and start-up would no longer cancel.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        subprocess.run([*tool, *calls], check=True, env=environment)
        totals = _TOTALS.findall(out.read_text())
    if len(totals) != 1:
        raise ValueError(f"callgrind wrote {len(totals)} totals")
    return int(totals[0])


def main() -> None:
    python = sys.argv[1]
    start_up = counted(python, "quiet", 0)
    costs = {
        way: per_call(start_up, counted(python, way, calls), calls) for way, calls in CALLS.items()
    }
    print(json.dumps(costs))


if __name__ == "__main__":
    main()
