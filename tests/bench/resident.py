"""The daemon, real, against the sandbox over mutual TLS: its memory, and its CPU.

In a network namespace of its own. `python -m tests.bench.resident memory PYTHON` and `... cpu
PYTHON SECONDS` print one JSON object each. PYTHON runs the daemon.
"""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final

from tests.bench.isolation import ROOT

from devicewarden.cli.judge import load_judge
from devicewarden.sandbox.agent_config import Section
from devicewarden.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from devicewarden.sandbox.verdict import Received

# A fleet's first reports are spread over the interval; this thing's comes after three seconds.
THING: Final = "bench-12"
INTERVAL_S: Final = 300
FIRST_REPORT_S: Final = 30.0
SETTLE_S: Final = 10.0
STOP_S: Final = 10.0
KIB: Final = 1024
SETTINGS: Final[dict[str, Section]] = {
    "report": {"interval_s": INTERVAL_S},
    # What is off by default is off: the sandbox would offer to rotate certificates.
    "provisioning": {"template": ""},
}
# The kernel's CPUCLOCK_SCHED, of which clock_getcpuclockid(3) makes the clock of a process.
_CPU_CLOCK: Final = 2


@contextlib.contextmanager
def settled(agent: Sequence[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a daemon that has connected, had a report accepted, and come to rest; then end it.

    Raises:
        ChildProcessError: it ended by itself, or its report did not come or was not accepted.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(Path(folder), load_judge(), [THING]) as sandbox,
    ):
        config = sandbox.write_config(THING, SETTINGS)
        log_file = Path(folder) / "agent.log"
        reports = sandbox.watch()
        with running([*agent, "run", "--config", str(config)], log_file) as process:
            verdict = _first_verdict(process, reports)
            if verdict != "accepted":
                raise ChildProcessError(f"first report {verdict}: {log_file.read_text()[-500:]}")
            keep_running(process, SETTLE_S)
            yield process


def _first_verdict(process: "subprocess.Popen[bytes]", reports: "SimpleQueue[Received]") -> str:
    deadline = time.monotonic() + FIRST_REPORT_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(Empty):
            return reports.get(timeout=0.2).verdict
    return "missing"


@contextlib.contextmanager
def running(command: Sequence[str], log_file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with (
        log_file.open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def keep_running(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Let the daemon alone for a while.

    Raises:
        ChildProcessError: it ended.
    """
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    raise ChildProcessError(f"the daemon ended with status {status}")


def memory(pid: int) -> dict[str, int]:
    """Read a process's resident bytes: all, its own, and what it may share with others."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return {
        "rss": kib["Rss"] * KIB,
        "private": (kib["Private_Clean"] + kib["Private_Dirty"]) * KIB,
        "shared": (kib["Shared_Clean"] + kib["Shared_Dirty"]) * KIB,
        "anonymous": kib["Anonymous"] * KIB,
    }


def cpu_s(pid: int) -> float:
    """Read the user and system time of all threads of a process, to the nanosecond.

    /proc/PID/stat tells the same in ticks of 10 ms, of which the daemon takes a handful a minute.
    """
    return time.clock_gettime(~pid << 3 | _CPU_CLOCK)


def measure_memory(python: str) -> dict[str, object]:
    """Measure the daemon as it is; then, in a second run, what each group of imports adds.

    From byte code, as a package has it: who compiles keeps some of the memory that takes.
    """
    subprocess.run([python, "-m", "compileall", "-q", ROOT / "agent"], check=True)
    with settled([python, "-m", "devicewarden"]) as process:
        measured = memory(process.pid)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "imports.json"
        with settled([python, "-m", "tests.bench.imports", str(file)]):
            pass
        added: dict[str, int] = json.loads(file.read_text())
    rest = measured["rss"] - sum(added.values())
    return {**measured, "groups": {**added, "connection, work, heap": rest}}


def measure_cpu(python: str, span_s: float) -> dict[str, float]:
    """Measure what share of one core the daemon takes while it only samples."""
    with settled([python, "-m", "devicewarden"]) as process:
        used_s, began_s = cpu_s(process.pid), time.monotonic()
        keep_running(process, span_s)
        lasted_s = time.monotonic() - began_s
        share = (cpu_s(process.pid) - used_s) / lasted_s
        return {"percent": 100 * share, "seconds": lasted_s, **memory(process.pid)}


def main() -> None:
    match sys.argv[1:]:
        case ["memory", python]:
            print(json.dumps(measure_memory(python)))
        case ["cpu", python, seconds]:
            print(json.dumps(measure_cpu(python, float(seconds))))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
