"""Real commands, since what matters is what the kernel does with them."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devicewarden.collect.custom_commands import CustomCommands
from devicewarden.collect.custom_value import MetricType
from devicewarden.config.settings import CommandMetric
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList

pytestmark = pytest.mark.e2e

LONG_S = 30.0


def command(
    *argv: str, metric_type: MetricType = "number", timeout_s: float = LONG_S, name: str = "m"
) -> CommandMetric:
    return CommandMetric(name=name, type=metric_type, argv=argv, timeout_s=timeout_s)


def shell(script: str, timeout_s: float = LONG_S) -> CommandMetric:
    return command("/bin/sh", "-c", script, timeout_s=timeout_s)


def problem(metric: CommandMetric) -> str:
    commands = CustomCommands([metric])
    assert commands.collect() == {}
    return commands.problems[metric.name]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Path]:
    """A pipe that a command's child keeps open for as long as it lives."""
    path = tmp_path / "alive"
    os.mkfifo(path)
    yield path
    path.unlink()


def wait_until_no_writer(reader: int) -> None:
    """Read to the end, which comes when the last writer is gone; the test's time-out bounds it."""
    os.set_blocking(reader, True)
    while os.read(reader, 1024):
        pass


@pytest.mark.parametrize(
    ("metric_type", "output", "value"),
    [
        pytest.param("number", "3.5\n", Number(3.5), id="number"),
        pytest.param("number-list", "[1, 2]", NumberList((1.0, 2.0)), id="number-list"),
        pytest.param("string-list", '["a"]', StringList(("a",)), id="string-list"),
        pytest.param("ip-address-list", '["::1"]', IpAddressList(("::1",)), id="ip-list"),
    ],
)
def test_what_a_command_prints_is_the_metric(
    metric_type: MetricType, output: str, value: object
) -> None:
    commands = CustomCommands([command("printf", "%s", output, metric_type=metric_type)])

    assert commands.collect() == {"m": value}
    assert commands.problems == {}


def test_no_shell_looks_at_the_arguments(tmp_path: Path) -> None:
    hostile = (f"$(touch {tmp_path}/x)", f"`touch {tmp_path}/x`", f"; > {tmp_path}/x", "* | $HOME")
    commands = CustomCommands(
        [command("printf", '["%s", "%s", "%s", "%s"]', *hostile, metric_type="string-list")]
    )

    assert commands.collect() == {"m": StringList(hostile)}
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def _typed_input() -> Iterator[None]:
    """Something that waits to be read on the agent's own standard input."""
    reader, writer = os.pipe()
    saved = os.dup(0)
    os.dup2(reader, 0)
    os.write(writer, b"typed")
    os.close(writer)
    yield
    os.dup2(saved, 0)
    os.close(saved)
    os.close(reader)


@pytest.mark.usefixtures("_typed_input")
def test_a_command_gets_no_input_and_a_small_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVICEWARDEN_SECRET", "hunter2")
    script = (
        "import json, os, sys; print(json.dumps([sys.stdin.read() or 'none', os.getcwd(),"
        " *sorted(set(os.environ) - {'LC_CTYPE'})]))"
    )
    commands = CustomCommands([command(sys.executable, "-c", script, metric_type="string-list")])

    assert commands.collect() == {"m": StringList(("none", "/", "LANG", "PATH"))}


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        pytest.param(command(), "argv is empty", id="empty"),
        pytest.param(command("/no/such/program"), "cannot start", id="missing"),
        pytest.param(command("/etc/passwd"), "cannot start", id="not-executable"),
        pytest.param(command("echo", "a\0b"), "cannot start", id="nul"),
        pytest.param(command("echo", "x" * 3_000_000), "cannot start", id="arguments-too-long"),
        pytest.param(shell("echo 1; exit 3"), "exit status 3", id="exit-status"),
        pytest.param(shell("kill -TERM $$"), "killed by signal 15", id="signal"),
        pytest.param(shell("true"), "not JSON", id="silent"),
        pytest.param(shell("echo 1 2"), "not JSON", id="two-values"),
        pytest.param(shell("echo '[1]'"), "an array, not a number", id="other-type"),
        pytest.param(shell("echo NaN"), "NaN", id="nan"),
        pytest.param(shell("printf '\\377'"), "UTF-8", id="not-utf-8"),
        pytest.param(command("true", name="aws:x"), "reserved", id="reserved-name"),
    ],
)
def test_a_command_that_fails_is_named_with_its_reason(metric: CommandMetric, reason: str) -> None:
    assert reason in problem(metric)


def test_a_command_that_fails_spoils_no_other() -> None:
    commands = CustomCommands(
        [
            command("false", name="first"),
            command("echo", "2", name="second"),
            command("echo", "3", name="second"),
            command("echo", "4", name="taken"),
        ],
        reserved=["taken"],
    )

    assert commands.collect() == {"second": Number(2.0)}
    assert commands.problems == {
        "first": "exit status 1",
        "second": "the metric has another source already",
        "taken": "the metric has another source already",
    }


def test_a_command_that_prints_for_ever_is_killed() -> None:
    assert problem(command("yes")) == "printed more than 65536 bytes"


def test_a_command_that_trickles_for_ever_is_killed() -> None:
    assert problem(shell("while :; do echo 1; sleep 0.01; done", timeout_s=0.3)) == "timed out"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("sleep 1000", id="sleeps"),
        pytest.param("exec >&-; sleep 1000", id="closes-its-output"),
        pytest.param("trap '' TERM INT HUP; while :; do :; done", id="ignores-signals"),
        pytest.param("kill -STOP $$", id="stops-itself"),
    ],
)
def test_a_command_that_does_not_end_is_killed(script: str) -> None:
    assert problem(shell(script, timeout_s=0.3)) == "timed out"


@pytest.mark.parametrize(
    ("script", "timeout_s"),
    [
        pytest.param("exec 3>{fifo}; (sleep 1000 & sleep 1000) & sleep 1000", 0.5, id="time-out"),
        pytest.param("exec 3>{fifo}; sleep 1000 & echo 1", LONG_S, id="left-behind"),
        pytest.param("exec 3>{fifo}; sleep 1000 >&- & echo 1", LONG_S, id="left-behind-quietly"),
        pytest.param("exec 3>{fifo}; nohup yes >&3 & yes", LONG_S, id="prints-for-ever"),
        pytest.param(
            "exec 3>{fifo}; f() {{ sleep 1000 & [ $1 = 0 ] || f $(($1 - 1)); }}; f 20; wait",
            0.5,
            id="forks-on-and-on",
        ),
    ],
)
def test_no_child_outlives_its_command(child: Path, script: str, timeout_s: float) -> None:
    reader = os.open(child, os.O_RDONLY | os.O_NONBLOCK)

    CustomCommands([shell(script.format(fifo=child), timeout_s)]).collect()

    wait_until_no_writer(reader)
    os.close(reader)


def test_a_child_left_behind_does_not_hold_up_the_value() -> None:
    commands = CustomCommands([shell("sleep 1000 & echo 7")])

    assert commands.collect() == {"m": Number(7.0)}


def test_stop_ends_a_running_command_and_starts_no_other(child: Path) -> None:
    commands = CustomCommands(
        [shell(f"echo > {child}; sleep 1000"), command("/no/such", name="next")]
    )
    worker = threading.Thread(target=commands.collect)
    worker.start()
    child.read_bytes()

    commands.close()
    worker.join()

    assert commands.problems == {
        "m": "the agent is stopping",
        "next": "the agent is stopping",
    }


def test_no_descriptor_and_no_zombie_is_left() -> None:
    def held() -> tuple[set[Path], list[psutil.Process]]:
        return set(Path("/proc/self/fd").iterdir()), psutil.Process().children()

    commands = CustomCommands([command("echo", "1"), command("/no/such", name="n")])
    commands.collect()
    before = held()

    commands.collect()

    assert held() == before
