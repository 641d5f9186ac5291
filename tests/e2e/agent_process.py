"""`devicewarden run` as a child process, and what it says of itself."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from devicewarden.cli.control_client import ask
from devicewarden.model.errors import AgentError

DEADLINE_S = 30.0
POLL_S = 0.05
COMMAND = (sys.executable, "-m", "devicewarden")
Status = dict[str, Any]


def devicewarden(
    *words: object, prefix: Sequence[str] = (), environ: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run a command that ends by itself."""
    return subprocess.run(  # noqa: S603  this program itself
        [*prefix, *COMMAND, *map(str, words)],
        capture_output=True,
        check=False,
        timeout=DEADLINE_S,
        env=environ,
    )


class AgentProcess:
    """The daemon of one configuration file, whose log is JSON."""

    def __init__(
        self,
        config: Path,
        *,
        prefix: Sequence[str] = (),
        interpreter: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.config = config
        self.socket = str(config.with_name("control.sock"))
        self.said: list[str] = []
        self._events: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._process = subprocess.Popen(  # noqa: S603  this program itself
            [*prefix, sys.executable, *interpreter, *COMMAND[1:], "run", "--config", str(config)],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environ or {})},
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        # pytest shows it where a test fails.
        print(*self.said, sep="\n")  # noqa: T201  see above

    def status(self) -> Status:
        """What `devicewarden status --json` prints."""
        return ask(self.socket, "status")

    def until(self, claim: Callable[[Status], bool]) -> Status:
        """Wait for a status of which the claim holds."""
        deadline = time.monotonic() + DEADLINE_S
        status: Status | AgentError = {}
        while time.monotonic() < deadline:
            try:
                status = self.status()
                if claim(status):
                    return status
            except AgentError as error:
                status = error
            assert self._process.poll() is None, f"the agent ended: {self.said}"
            threading.Event().wait(POLL_S)
        raise AssertionError(f"the claim never held; at last: {status}")

    def connected(self, times: int = 1) -> Status:
        """Wait until the agent is connected, and was so many times."""
        return self.until(
            lambda status: (
                status["connection"]["state"] == "connected"
                and status["connection"]["connects"] >= times
            )
        )

    def counted(self, **least: int) -> Status:
        """Wait until at least so many reports ended in these ways."""
        return self.until(
            lambda status: all(status["report"]["counts"][way] >= n for way, n in least.items())
        )

    def accepts(self, reports: int) -> Status:
        """Wait until so many more reports are accepted than now."""
        before = self.until(lambda _: True)["report"]["counts"]["accepted"]
        return self.counted(accepted=before + reports)

    def event(self, name: str, **facts: str) -> dict[str, Any]:
        """Wait for the next event of this name whose facts begin so; others are passed over."""
        deadline = time.monotonic() + DEADLINE_S
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                event = self._events.get(timeout=left_s)
            except Empty:
                break
            if event["event"] == name and _fits(event, facts):
                return event
        raise AssertionError(f"never said: {name} {facts}")

    def events(self, name: str) -> list[dict[str, Any]]:
        """All events of this name so far."""
        return [event for event in self._said_events() if event["event"] == name]

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def reload(self, config: str | None = None) -> None:
        """Write another configuration over the old one and say so."""
        if config is not None:
            self.config.write_text(config)
        self.send(signal.SIGHUP)

    def end(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask the daemon to leave, and tell its exit status."""
        self.send(by)
        return self.wait()

    def wait(self) -> int:
        """Tell the exit status of a daemon that ends."""
        status = self._process.wait(DEADLINE_S)
        self._reader.join()
        return status

    def kill(self) -> None:
        self._process.kill()
        self.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _read(self) -> None:
        for line in self._process.stderr or ():
            self.said.append(line.rstrip("\n"))
            if line.startswith("{"):
                self._events.put(json.loads(line))

    def _said_events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in tuple(self.said) if line.startswith("{")]


def _fits(event: Mapping[str, Any], facts: Mapping[str, str]) -> bool:
    return all(str(event.get(name)).startswith(begin) for name, begin in facts.items())
