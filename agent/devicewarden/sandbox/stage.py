"""What every act of the demonstration uses: a place, a voice, and programs that end with it."""

import os
import queue
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from devicewarden.sandbox.narrate import red
from devicewarden.sandbox.sandbox import Sandbox

Child: TypeAlias = "subprocess.Popen[bytes]"
Message = TypeVar("Message")

STOP_TIMEOUT_S: Final = 5.0
LOOK_EVERY_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the demonstration is given.

    Attributes:
        sandbox: its first thing is the agent's.
        say: gets each line, with ANSI colours.
        patience_s: tells the longest that what is shown next may take.
    """

    sandbox: Sandbox
    say: Callable[[str], None]
    patience_s: Callable[[], float]

    @property
    def thing(self) -> str:
        """The agent's thing."""
        return self.sandbox.things[0]

    def next_message(
        self, agent: Child, messages: "queue.SimpleQueue[Message]", what: str, deadline: float
    ) -> Message | None:
        """Wait for a message that the agent causes; say so and give None if none comes.

        Args:
            agent: where it has ended, nothing more comes.
            messages: gets what it causes.
            what: is missed, for people.
            deadline: on the monotonic clock, in seconds.
        """
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                return messages.get(timeout=min(left_s, LOOK_EVERY_S))
            except queue.Empty:
                if agent.poll() is not None:
                    break
        ended = agent.poll()
        why = "arrived in time" if ended is None else f"came: the agent ended ({ended})"
        self.say(red(f"  no {what} {why}"))
        return None


@contextmanager
def running(command: Sequence[str], log_file: Path) -> Iterator[Child]:
    """Run a program whose output goes to a file, and end it."""
    with log_file.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - one of our own, with an argument list
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
