"""The agent at work against the sandbox, told to whoever watches the terminal."""

import os
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from devicewarden.sandbox.agent_config import Section
from devicewarden.sandbox.narrate import bold, faint, green, red, tell_report
from devicewarden.sandbox.sandbox import Sandbox
from devicewarden.sandbox.verdict import Received

Say: TypeAlias = Callable[[str], None]

AGENT: Final = (sys.executable, "-m", "devicewarden", "run")
# The first has no traffic to tell: that takes two samples.
REPORTS_EACH: Final = 2
DEADLINE_S: Final = 25.0
STOP_TIMEOUT_S: Final = 5.0
LOG_LINES_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Act:
    """One run of the agent: what is shown, and the settings that make it so."""

    title: str
    changes: Mapping[str, Section]


ACTS: Final = (
    Act("JSON, long names", {"report": {"format": "json", "names": "long"}}),
    Act("CBOR, short names", {"report": {"format": "cbor", "names": "short"}}),
)


def run_demo(
    sandbox: Sandbox,
    say: Say,
    *,
    agent: Sequence[str] = AGENT,
    deadline_s: float = DEADLINE_S,
) -> bool:
    """Run the real agent against a running sandbox, once an act, and tell what happens.

    Args:
        sandbox: its first thing is the agent's.
        say: gets each line, with ANSI colours.
        agent: command that takes `--config FILE`.
        deadline_s: the longest that an act may take.

    Returns:
        Whether every report was accepted, and all that were expected came.
    """
    say(bold("DeviceWarden, shown on this machine alone"))
    say(f"A Mosquitto with mutual TLS and a Device Defender endpoint listen on port {sandbox.port}")
    say("of loopback, with certificates made for this run. Nothing leaves the machine.")
    shown = all(_play(act, sandbox, say, agent, deadline_s) for act in ACTS)
    say("")
    if not shown:
        say(red("The demonstration failed."))
        return False
    say(green("Every report was accepted.") + f" {_compare(sandbox.received)}")
    return True


def _play(act: Act, sandbox: Sandbox, say: Say, agent: Sequence[str], deadline_s: float) -> bool:
    thing = sandbox.things[0]
    config = sandbox.write_config(thing, act.changes)
    log_file = config.with_name("agent.log")
    say("")
    say(bold(act.title))
    say(faint(f"  $ devicewarden run --config {config}"))
    reports = sandbox.watch()
    with _running([*agent, "--config", str(config)], log_file) as process:
        accepted = _show_reports(process, reports, say, deadline_s)
    if not accepted:
        for line in _last_lines(log_file):
            say(faint(f"  | {line}"))
    return accepted


def _show_reports(
    process: "subprocess.Popen[bytes]",
    reports: "queue.SimpleQueue[Received]",
    say: Say,
    deadline_s: float,
) -> bool:
    deadline = time.monotonic() + deadline_s
    for number in range(REPORTS_EACH):
        received = _next_report(process, reports, deadline)
        if received is None:
            ended = process.poll()
            why = "arrived in time" if ended is None else f"came: the agent ended ({ended})"
            say(red(f"  no {'first' if number == 0 else 'further'} report {why}"))
            return False
        for line in tell_report(received):
            say(line)
        if received.verdict != "accepted":
            return False
    return True


def _next_report(
    process: "subprocess.Popen[bytes]", reports: "queue.SimpleQueue[Received]", deadline: float
) -> Received | None:
    while time.monotonic() < deadline:
        try:
            return reports.get(timeout=0.2)
        except queue.Empty:
            if process.poll() is not None:
                return None
    return None


@contextmanager
def _running(command: Sequence[str], log_file: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log_file.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - this program itself, with a constant argument list
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "NO_COLOR": "1"},
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _last_lines(log_file: Path) -> Sequence[str]:
    return log_file.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]


def _compare(received: Sequence[Received]) -> str:
    sizes = {report.format: len(report.payload) for report in received}
    share = round(100 * sizes["cbor"] / sizes["json"])
    return f"CBOR with short names takes {share} % of the bytes of JSON."
