"""An act of the demonstration: a port that the security profile forbids is opened, and closed."""

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from devicewarden.model.errors import AgentError
from devicewarden.model.violation import ViolationType
from devicewarden.sandbox.broker import HOST
from devicewarden.sandbox.narrate import printable, red
from devicewarden.sandbox.narrate_alarm import tell_alarm, tell_cleared, tell_forbidden, tell_opened
from devicewarden.sandbox.stage import Child, Stage, running
from devicewarden.sandbox.told import Told

PROFILE_NAME: Final = "sandbox-ports"
# It tells when the port was open, by the clock that is the same for all processes.
OPEN_PORT: Final = f"""\
import signal, socket, sys, time
port = socket.create_server(("{HOST}", int(sys.argv[1])))
print(time.monotonic(), flush=True)
signal.pause()
"""
OPEN_TIMEOUT_S: Final = 10.0
POLL_S: Final = 0.01


def profile(port: int) -> Mapping[str, Any]:
    """Make a security profile, as the AWS CLI takes it, that forbids one TCP port."""
    return {
        "securityProfileName": PROFILE_NAME,
        "behaviors": [
            {
                "name": "port-stays-closed",
                "metric": "aws:listening-tcp-ports",
                "criteria": {
                    "comparisonOperator": "not-in-port-set",
                    "value": {"ports": [port]},
                    "consecutiveDatapointsToAlarm": 1,
                    "consecutiveDatapointsToClear": 1,
                },
            }
        ],
    }


def show_forbidden_port(agent: Child, stage: Stage, *, port: int) -> bool:
    """Open a port, close it, and tell what the agent says of it.

    Returns:
        Whether the alarm came and was cleared, each within the stage's patience.
    """
    stage.say("")
    stage.say(tell_forbidden(profile(port)))
    reports, violations = stage.sandbox.watch(), stage.sandbox.watch_violations()
    # Whoever reports has looked at the ports already: what is told later is new.
    if stage.next_message(agent, reports, "report", _deadline(stage)) is None:
        return False
    with _open_port(stage, port) as (pid, opened_at_s):
        stage.say(tell_opened(HOST, port, pid))
        alarm = _next(agent, stage, violations, "in-alarm")
        if alarm is None:
            return False
        for line in tell_alarm(alarm, alarm.came_at_s - opened_at_s):
            stage.say(line)
    closed_at_s = time.monotonic()
    end = _next(agent, stage, violations, "alarm-cleared")
    if end is None:
        return False
    for line in tell_cleared(end, end.came_at_s - closed_at_s):
        stage.say(line)
    return end.violation_id == alarm.violation_id


def _next(
    agent: Child, stage: Stage, violations: SimpleQueue[Told], kind: ViolationType
) -> Told | None:
    told = stage.next_message(agent, violations, f"{kind} message", _deadline(stage))
    if told is not None and told.kind != kind:
        stage.say(red(f"  instead of {kind} came {printable(told.kind)}"))
        return None
    return told


@contextmanager
def _open_port(stage: Stage, port: int) -> Iterator[tuple[int, float]]:
    """Let another program open a port; give its pid, and when that was on the monotonic clock."""
    script = stage.sandbox.directory / "open_port.py"
    script.write_text(OPEN_PORT)
    log_file = script.with_suffix(".log")
    with running([sys.executable, str(script), str(port)], log_file) as program:
        yield program.pid, _time_told(program, log_file)


def _time_told(program: Child, log_file: Path) -> float:
    deadline = time.monotonic() + OPEN_TIMEOUT_S
    while time.monotonic() < deadline and program.poll() is None:
        told = log_file.read_text()
        if told.endswith("\n"):
            return float(told)
        threading.Event().wait(POLL_S)
    raise AgentError(f"no port was opened: {log_file.read_text()}")


def _deadline(stage: Stage) -> float:
    return time.monotonic() + stage.patience_s()
