"""The agent at work against the sandbox, told to whoever watches the terminal."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from devicewarden.sandbox.agent_config import Section
from devicewarden.sandbox.broker import free_port
from devicewarden.sandbox.forbidden_port import profile, show_forbidden_port
from devicewarden.sandbox.narrate import bold, faint, green, red, tell_report
from devicewarden.sandbox.sandbox import Sandbox
from devicewarden.sandbox.stage import Child, Stage, running
from devicewarden.sandbox.verdict import Received

AGENT: Final = (sys.executable, "-m", "devicewarden", "run")
# The first has no traffic to tell: that takes two samples.
REPORTS_EACH: Final = 2
DEADLINE_S: Final = 25.0
LOG_LINES_SHOWN: Final = 20

Show: TypeAlias = Callable[[Child, Stage], bool]
"""Tells what a running agent does; False: not what was expected."""


@dataclass(frozen=True, slots=True)
class Act:
    """One run of the agent: what is shown, and the settings that make it so."""

    title: str
    changes: Mapping[str, Section]
    show: Show


def run_demo(
    sandbox: Sandbox,
    say: Callable[[str], None],
    *,
    agent: Sequence[str] = AGENT,
    patience_s: Callable[[], float] = lambda: DEADLINE_S,
) -> bool:
    """Run the real agent against a running sandbox, once an act, and tell what happens.

    Args:
        sandbox: its first thing is the agent's.
        say: gets each line, with ANSI colours.
        agent: command that takes `--config FILE`.
        patience_s: tells the longest that what is shown next may take: the reports of an act,
            or an alarm.

    Returns:
        Whether every report was accepted, all that were expected came, and so did the alarm.
    """
    say(bold("DeviceWarden, shown on this machine alone"))
    say(f"A Mosquitto with mutual TLS and a Device Defender endpoint listen on port {sandbox.port}")
    say("of loopback, with certificates made for this run. Nothing leaves the machine.")
    stage = Stage(sandbox=sandbox, say=say, patience_s=patience_s)
    shown = all(_play(act, stage, agent) for act in _acts(sandbox))
    say("")
    if not shown:
        say(red("The demonstration failed."))
        return False
    say(green("Every report was accepted.") + f" {_compare(sandbox.received)}")
    say(green("The forbidden port was told when it opened, and when it closed."))
    return True


def _acts(sandbox: Sandbox) -> Iterator[Act]:
    yield Act("JSON, long names", {"report": {"format": "json", "names": "long"}}, _show_reports)
    yield Act("CBOR, short names", {"report": {"format": "cbor", "names": "short"}}, _show_reports)
    port = free_port()
    sandbox.write_profile(sandbox.things[0], profile(port))
    yield Act("Detect: a forbidden port", {}, partial(show_forbidden_port, port=port))


def _play(act: Act, stage: Stage, agent: Sequence[str]) -> bool:
    config = stage.sandbox.write_config(stage.thing, act.changes)
    log_file = config.with_name("agent.log")
    stage.say("")
    stage.say(bold(act.title))
    stage.say(faint(f"  $ devicewarden run --config {config}"))
    with running([*agent, "--config", str(config)], log_file) as process:
        shown = act.show(process, stage)
    if not shown:
        for line in _last_lines(log_file):
            stage.say(faint(f"  | {line}"))
    return shown


def _show_reports(process: Child, stage: Stage) -> bool:
    reports = stage.sandbox.watch()
    deadline = time.monotonic() + stage.patience_s()
    for number in range(REPORTS_EACH):
        what = f"{'first' if number == 0 else 'further'} report"
        received = stage.next_message(process, reports, what, deadline)
        if received is None:
            return False
        for line in tell_report(received):
            stage.say(line)
        if received.verdict != "accepted":
            return False
    return True


def _last_lines(log_file: Path) -> Sequence[str]:
    return log_file.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]


def _compare(received: Sequence[Received]) -> str:
    # The first of each format, which have no traffic to tell.
    sizes = {report.format: len(report.payload) for report in reversed(received)}
    share = round(100 * sizes["cbor"] / sizes["json"])
    return f"CBOR with short names takes {share} % of the bytes of JSON."
