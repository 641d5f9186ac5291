"""What it costs to start the command and be told its usage."""

import resource
import statistics
import subprocess
from typing import Final

from tests.bench.isolation import ROOT

TIMES: Final = 9


def help_cpu(python: str) -> dict[str, float]:
    """Median CPU of `devicewarden --help`, user and system, in milliseconds; bytecode is cached.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    _help_ms(python)
    return {"help_ms": statistics.median(_help_ms(python) for _ in range(TIMES))}


def _help_ms(python: str) -> float:
    before = _children_s()
    subprocess.run(
        [python, "-m", "devicewarden", "--help"], cwd=ROOT, stdout=subprocess.DEVNULL, check=True
    )
    return 1000 * (_children_s() - before)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
