"""What systemd hears, and what it hears it from."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from devicewarden.daemon.systemd import Progress, Supervisor


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    path = str(tmp_path / "notify")
    name = path if request.param == "path" else f"@devicewarden-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        listening.bind(name.replace("@", "\0", 1))
        yield name, listening


@pytest.mark.e2e
def test_systemd_hears_every_state(manager: tuple[str, socket.socket]) -> None:
    name, listening = manager
    supervisor = Supervisor({"NOTIFY_SOCKET": name})

    supervisor.ready()
    supervisor.status("3 reports\naccepted\nWATCHDOG=1 ü \ud800")
    supervisor.watchdog()
    supervisor.stopping()

    heard = [listening.recv(4096).decode() for _ in range(4)]
    assert heard == [
        "READY=1",
        "STATUS=3 reports accepted WATCHDOG=1 ü ?",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


@pytest.mark.e2e
def test_a_reload_tells_the_monotonic_time(manager: tuple[str, socket.socket]) -> None:
    name, listening = manager
    before = time.monotonic_ns() // 1000

    Supervisor({"NOTIFY_SOCKET": name}).reloading()

    reloading, monotonic = listening.recv(4096).decode().split("\n")
    assert reloading == "RELOADING=1"
    assert before <= int(monotonic.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


@pytest.mark.e2e
def test_an_unreachable_systemd_is_told_of_once(tmp_path: Path) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": str(tmp_path / "nobody")})

    with capture_logs() as told:
        supervisor.ready()
        supervisor.watchdog()

    assert [entry["event"] for entry in told] == ["systemd_not_told"]


@pytest.mark.parametrize("name", ["", "vsock:2:1234", "relative/path"])
def test_nothing_is_sent_where_no_systemd_listens(name: str) -> None:
    with capture_logs() as told:
        Supervisor({"NOTIFY_SOCKET": name}).ready()

    assert told == []


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"WATCHDOG_USEC": "30000000"}, 30.0, id="watched"),
        pytest.param({"WATCHDOG_USEC": "1", "WATCHDOG_PID": str(os.getpid())}, 1e-6, id="we"),
        pytest.param({"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}, None, id="another process"),
        pytest.param({"WATCHDOG_USEC": "0"}, None, id="zero"),
        pytest.param({"WATCHDOG_USEC": "-5"}, None, id="negative"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="no number"),
        pytest.param({}, None, id="not watched"),
    ],
)
def test_the_watchdog_period_comes_from_systemd(
    environ: dict[str, str], expected: float | None
) -> None:
    assert Supervisor(environ).watchdog_s == expected


def test_no_job_is_late_until_its_deadline() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.mark("sampling", 10)
    progress.mark("reporting", 600)

    clock.now_s += 10

    assert progress.late() == ()


def test_one_late_job_is_enough() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.mark("sampling", 10)
    progress.mark("reporting", 600)

    clock.now_s += 10.1

    assert progress.late() == ("sampling",)


def test_a_late_job_that_gets_on_is_in_time_again() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.mark("sampling", 10)
    clock.now_s += 100

    progress.mark("sampling", 10)

    assert progress.late() == ()


def test_nothing_is_expected_of_a_job_that_ended() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.mark("reporting", 10)
    progress.forget("reporting")
    progress.forget("never began")

    clock.now_s += 100

    assert progress.late() == ()
