"""A process that records violations and kills itself: FOLDER FIRST-NUMBER LINES.

It prints the id of each event, and delivers to the log: `told` and the id. It dies by SIGKILL
after so many lines of the state's code, wherever that is.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from tests.state.scene import SINKS, step

from devicewarden.config.settings import StateSettings
from devicewarden.state.snapshots import Snapshot
from devicewarden.state.state import open_state


def die_after(lines: int) -> None:
    left = lines

    def trace(frame: FrameType, event: str, _argument: Any) -> Callable[..., Any] | None:
        nonlocal left
        if "devicewarden/state" not in frame.f_code.co_filename:
            return None
        left -= event == "line"
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def main(folder: str, first: str, lines: str) -> None:
    state = open_state(StateSettings(dir=folder), lambda: datetime.now(UTC))
    number = int(first)
    die_after(int(lines))
    while True:
        new = step(f"v{number}")
        state.snapshots.save("evaluator", {"": Snapshot(1, new.violation_id.encode())})
        state.violations.record([new], SINKS)
        print(new.event_id, flush=True)  # noqa: T201  this is how the test hears of it
        if entry := state.outbox.next("log"):
            print("told", entry.event_id, flush=True)  # noqa: T201
            state.outbox.done(entry)
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
