"""`make bench`: measure the project's figures, print them beside their goals, write them as JSON.

It ends with status 0 also where a goal is missed, for this is no test; with 1 where something
could not be measured.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from tests.bench.figures import table
from tests.bench.goals import Failed, Result, judged
from tests.bench.interpreters import debian_python
from tests.bench.isolation import run_part
from tests.bench.machine import describe_machine
from tests.bench.startup import help_cpu

Part: TypeAlias = Callable[[], Result]

VENV: Final = sys.executable
CPU_SPAN_S: Final = "60"


def parts_of(python: str) -> Mapping[str, Part]:
    """Name everything that is measured; `python` runs what is measured, ours the rest."""
    load = partial(run_part, VENV, "-m", "tests.bench.load")
    sampling = (python, "-m", "tests.bench.sampling", "cpu")
    resident = (VENV, "-m", "tests.bench.resident")
    parts: dict[str, Part] = {
        "sampling L1": partial(load, "L1", *sampling, "25"),
        "sampling L2": partial(load, "L2", *sampling, "9"),
        "instructions L1": partial(load, "L1", VENV, "-m", "tests.bench.instructions", python),
        "startup": partial(help_cpu, python),
        "memory": partial(run_part, *resident, "memory", python),
        "daemon L1": partial(load, "L1", *resident, "cpu", python, CPU_SPAN_S),
    }
    if python != VENV:
        parts["memory, Python of the venv"] = partial(run_part, *resident, "memory", VENV)
    return parts


def measured(name: str, part: Part) -> Result | Failed:
    """Measure one part and tell that it is done; the others go on where it fails."""
    began = time.monotonic()
    result: Result | Failed
    try:
        result = part()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        result = Failed(f"{name}: {error}")
    told = result.why if isinstance(result, Failed) else f"{name}: measured"
    print(f"{told} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.main", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all of it there as well")
    file: Path | None = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder:
        python = debian_python(Path(folder)) or VENV
        machine = describe_machine(python)
        # One after the other, so that they do not disturb each other.
        results = {name: measured(name, part) for name, part in parts_of(python).items()}
    figures = judged(results)
    print("\n".join(f"{name}: {value}" for name, value in machine.items()))
    print(f"\n{table(figures)}")
    if file is not None:
        raw = {name: r.why if isinstance(r, Failed) else r for name, r in results.items()}
        rows = [figure.document() for figure in figures]
        file.write_text(json.dumps({"machine": machine, "figures": rows, "parts": raw}, indent=2))
    return 1 if any(isinstance(result, Failed) for result in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
