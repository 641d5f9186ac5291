"""`devicewarden sandbox`: up and fault from two terminals, and the demonstration."""

import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from devicewarden.model.errors import AgentError
from devicewarden.sandbox.control import ask, serve_control
from devicewarden.sandbox.demo import DEADLINE_S, run_demo
from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
COMMAND = [sys.executable, "-m", "devicewarden", "sandbox"]


def sandbox_command(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603  this program itself
        [*COMMAND, *words], capture_output=True, text=True, check=False, timeout=60
    )


@contextmanager
def up(directory: Path) -> Iterator["tuple[subprocess.Popen[str], list[str]]"]:
    """Run `sandbox up` and read what it says until it waits for reports."""
    process = subprocess.Popen(  # noqa: S603  this program itself
        [*COMMAND, "up", "--dir", str(directory), "--thing", "pi-1", "--thing", "pi-2"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with process:
        try:
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line.strip())
                if line.endswith("Reports:\n"):
                    break
            yield process, said
        finally:
            process.terminate()


def test_up_tells_what_to_type_next_and_fault_reaches_it(tmp_path: Path) -> None:
    with up(tmp_path) as (_, said):
        answer = sandbox_command("fault", "--dir", str(tmp_path), "reject", "2")

    for thing in ("pi-1", "pi-2"):
        config = tmp_path / "things" / thing / "config.toml"
        assert f"devicewarden run --config {config}" in said
        assert f'name = "{thing}"' in config.read_text()
    assert answer.returncode == 0
    assert answer.stdout.startswith("reject: the next N valid reports are rejected")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(["revoke", "pi-9"], "it has pi-1, pi-2"), (["explode"], "the faults are reject, silence")],
    ids=["unknown thing", "unknown fault"],
)
def test_fault_that_cannot_be_is_explained(
    tmp_path: Path, words: Sequence[str], complaint: str
) -> None:
    with up(tmp_path):
        answer = sandbox_command("fault", "--dir", str(tmp_path), *words)

    assert answer.returncode == 70
    assert complaint in answer.stderr


def test_fault_without_a_sandbox_tells_how_to_start_one(tmp_path: Path) -> None:
    answer = sandbox_command("fault", "--dir", str(tmp_path), "drop")

    assert answer.returncode == 70
    assert "devicewarden sandbox up" in answer.stderr


def test_second_sandbox_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with up(tmp_path):
        second = sandbox_command("up", "--dir", str(tmp_path))

    assert second.returncode == 70
    assert "already runs" in second.stderr


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_up_ends_cleanly_and_takes_mosquitto_along(tmp_path: Path, by: signal.Signals) -> None:
    with up(tmp_path) as (process, _):
        process.send_signal(by)
        status = process.wait(timeout=30)

    configuration = (tmp_path / "broker" / "mosquitto.conf").read_text()
    port = int(configuration.split()[1])
    assert status == 0
    assert not (tmp_path / "control.sock").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_control_socket_is_private(tmp_path: Path) -> None:
    with serve_control(tmp_path, " ".join):
        mode = stat.S_IMODE((tmp_path / "control.sock").stat().st_mode)
        said = ask(tmp_path, ["drop", "it"])

    assert mode == 0o600
    assert said == "drop it"


@pytest.mark.parametrize(
    "line",
    [b"\n", b"{}\n", b"[]\n", b"\xff\n", b"[" * 5000 + b"\n", b'["no newline"'],
    ids=["empty", "no list", "no words", "no text", "deep", "cut off"],
)
def test_control_socket_survives_what_is_no_request(tmp_path: Path, line: bytes) -> None:
    with serve_control(tmp_path, " ".join):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(tmp_path / "control.sock"))
            connection.sendall(line)
            connection.shutdown(socket.SHUT_WR)
            reply = connection.recv(4096)
        said = ask(tmp_path, ["drop"])

    assert b'"error"' in reply
    assert said == "drop"


def test_control_socket_with_too_long_a_path_is_explained(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()

    with (
        pytest.raises(AgentError, match="cannot listen") as caught,
        serve_control(folder, " ".join),
    ):
        pass

    assert caught.value.hint == "choose a shorter --dir"


def test_demonstration_shows_the_real_agent_and_leaves_nothing_behind() -> None:
    # Not tmp_path: the path of a unix socket has to be short.
    with tempfile.TemporaryDirectory() as folder:
        shown = subprocess.run(  # noqa: S603  this program itself
            [*COMMAND, "demo"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "TMPDIR": folder},
        )
        left = list(Path(folder).iterdir())

    assert shown.returncode == 0, shown.stdout
    assert shown.stdout.count("answer         accepted") == 4
    assert "Every report was accepted." in shown.stdout
    for fact in (
        "told           in-alarm",
        "program        python",
        "told           alarm-cleared",
    ):
        assert fact in shown.stdout
    assert "\x1b" not in shown.stdout
    assert left == []


def test_demonstration_fails_and_shows_the_log_when_the_agent_ends(sandbox: Sandbox) -> None:
    said: list[str] = []
    agent = [sys.executable, "-c", "print('cannot go on'); raise SystemExit(3)"]

    accepted = run_demo(sandbox, said.append, agent=agent)

    lines = [click.unstyle(line).strip() for line in said]
    assert not accepted
    assert "no first report came: the agent ended (3)" in lines
    assert "| cannot go on" in lines
    assert lines[-1] == "The demonstration failed."


def test_demonstration_fails_when_nothing_arrives_in_time(sandbox: Sandbox) -> None:
    said: list[str] = []
    agent = [sys.executable, "-c", "import signal; signal.pause()"]

    accepted = run_demo(sandbox, said.append, agent=agent, patience_s=lambda: 0.5)

    assert not accepted
    assert any("no first report arrived in time" in line for line in said)


def waits_s(said: Sequence[str], last: str) -> float:
    """Wait long for what comes, however busy the machine is, and not for what cannot come."""
    return 1.0 if any(last in line for line in said) else DEADLINE_S


def test_demonstration_fails_when_no_alarm_arrives(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setenv("DEVICEWARDEN_DETECT__ENABLED", "false")

    shown = run_demo(sandbox, said.append, patience_s=lambda: waits_s(said, "another program"))

    assert not shown
    assert any("no in-alarm message arrived in time" in line for line in said)
    assert click.unstyle(said[-1]) == "The demonstration failed."


def test_demonstration_fails_when_the_alarm_is_not_cleared(sandbox: Sandbox) -> None:
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if "in-alarm" in line:
            sandbox.fault("black-hole")

    shown = run_demo(sandbox, say, patience_s=lambda: waits_s(said, "in-alarm"))

    assert not shown
    assert any("no alarm-cleared message arrived in time" in line for line in said), said
