"""Custom metrics that commands print: one JSON value on standard output, of the declared type."""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from typing import IO, Final, cast

from devicewarden.collect.custom_value import (
    MAX_JSON_BYTES,
    BadValueError,
    check_name,
    decode_json,
    parse_value,
)
from devicewarden.config.settings import CommandMetric
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import CustomValue

ENVIRONMENT: Final = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C",
}
# How soon a waiting command notices `close`.
SLICE_S: Final = 0.1
KILL_WAIT_S: Final = 2.0


class CustomCommands:
    """Runs commands one after another; blocks until the last one ended, so call it in a thread.

    Attributes:
        problems: metric name -> why the last `collect` left it out.
    """

    name = "custom-commands"

    def __init__(self, commands: Sequence[CommandMetric], reserved: Collection[str] = ()) -> None:
        """Run `commands`; one that gives a metric in `reserved` is refused."""
        self.problems: Mapping[str, str] = {}
        self._commands = commands
        self._reserved = frozenset(reserved)
        self._stopping = threading.Event()

    def close(self) -> None:
        """Kill what runs and start nothing more; `collect` returns at once. From any thread."""
        self._stopping.set()

    def collect(self) -> Mapping[str, CustomValue]:
        values: dict[str, CustomValue] = {}
        problems: dict[str, str] = {}
        taken = set(self._reserved)
        for command in self._commands:
            try:
                values[command.name] = self._value(command, taken)
            except (BadValueError, CollectError) as error:
                problems[command.name] = str(error)
        self.problems = problems
        return values

    def _value(self, command: CommandMetric, taken: set[str]) -> CustomValue:
        check_name(command.name)
        if command.name in taken:
            raise BadValueError("the metric has another source already")
        taken.add(command.name)
        output = _output_of(command, self._stopping)
        return parse_value(command.type, decode_json(output))


def _output_of(command: CommandMetric, stopping: threading.Event) -> bytes:
    """Run a command to its end, or to ours; nothing of its process group outlives this call."""
    if stopping.is_set():
        raise CollectError("the agent is stopping")
    deadline = time.monotonic() + command.timeout_s
    process = _start(command.argv)
    try:
        output = _read_until_exit(process, deadline, stopping)
    finally:
        _kill(process)
    if process.returncode < 0:
        raise CollectError(f"killed by signal {-process.returncode}")
    if process.returncode > 0:
        raise CollectError(f"exit status {process.returncode}")
    return output


def _start(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    if not argv:
        raise CollectError("argv is empty")
    try:
        return subprocess.Popen(  # noqa: S603 - the operator's own configuration, and no shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise CollectError(f"cannot start: {error}") from error


def _read_until_exit(
    process: subprocess.Popen[bytes], deadline: float, stopping: threading.Event
) -> bytes:
    """Gather standard output until the command itself ended, whoever still holds the pipe."""
    output = bytearray()
    stdout = cast("IO[bytes]", process.stdout).fileno()
    os.set_blocking(stdout, False)
    try:
        exited = os.pidfd_open(process.pid)
    except OSError as error:
        raise CollectError(f"cannot watch the command: {error}") from error
    poller = select.poll()
    poller.register(exited, select.POLLIN)
    poller.register(stdout, select.POLLIN)
    at_end = False
    try:
        while True:
            ready = _wait(poller, deadline, stopping)
            if not at_end and _drain(stdout, output):
                at_end = True
                poller.unregister(stdout)
            if exited in ready:
                return bytes(output)
    finally:
        os.close(exited)


def _wait(poller: select.poll, deadline: float, stopping: threading.Event) -> Collection[int]:
    while not stopping.is_set():
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise CollectError("timed out")
        if ready := poller.poll(min(left_s, SLICE_S) * 1000):
            return [descriptor for descriptor, _ in ready]
    raise CollectError("the agent is stopping")


def _drain(stdout: int, output: bytearray) -> bool:
    """Take what is there now, and tell whether the pipe is at its end."""
    with contextlib.suppress(BlockingIOError):
        while chunk := os.read(stdout, MAX_JSON_BYTES):
            output += chunk
            if len(output) > MAX_JSON_BYTES:
                raise CollectError(f"printed more than {MAX_JSON_BYTES} bytes")
        return True
    return False


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group, then reap: until then nobody else can have its number."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    cast("IO[bytes]", process.stdout).close()
    try:
        process.wait(KILL_WAIT_S)
    except subprocess.TimeoutExpired as error:
        raise CollectError("timed out, and could not be killed") from error
