"""What the service manager hears of the daemon, on a notify socket that the test owns."""

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.e2e.agent_process import DEADLINE_S, POLL_S, AgentProcess

from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Start = Callable[..., AgentProcess]
WATCHDOG_S = 0.6


class Manager:
    """The other end of sd_notify(3)."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self.environ: Mapping[str, str] = {
            "NOTIFY_SOCKET": str(path),
            "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
        }

    def hear(self, within_s: float = DEADLINE_S) -> str:
        """The next message's first line; TimeoutError if none comes."""
        self._socket.settimeout(within_s)
        return self._socket.recv(4096).decode().split("\n")[0]

    def hear_states(self, number: int) -> list[str]:
        """The next messages that are not of the watchdog."""
        return [self._state() for _ in range(number)]

    def forget(self) -> None:
        """Pass over what was said so far."""
        self._socket.setblocking(False)  # noqa: FBT003  positional by its own definition
        try:
            while self._socket.recv(4096):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        self._socket.close()

    def _state(self) -> str:
        while (message := self.hear()) == "WATCHDOG=1":
            pass
        return message


@pytest.fixture
def manager() -> Iterator[Manager]:
    # Not tmp_path: the path of a unix socket has to be short.
    with TemporaryDirectory() as folder:
        manager = Manager(Path(folder) / "notify")
        yield manager
        manager.close()


def test_systemd_hears_start_reload_and_stop(
    agent: Start, config: Config, manager: Manager
) -> None:
    running = agent(config(), environ=manager.environ)
    assert manager.hear_states(1) == ["READY=1"]

    running.reload()
    reloaded = manager.hear_states(2)
    running.reload("nonsense")
    begun, told, ready = manager.hear_states(3)
    status = running.end()

    assert reloaded == [begun, ready] == ["RELOADING=1", "READY=1"]
    assert told.startswith("STATUS=configuration refused, the old one is in force: ")
    assert manager.hear_states(1) == ["STOPPING=1"]
    assert status == 0


def test_reloads_that_overlap_come_one_after_the_other(
    sandbox: Sandbox, agent: Start, config: Config, manager: Manager
) -> None:
    running = agent(config(), environ=manager.environ)
    running.counted(accepted=1)
    manager.hear_states(1)

    # Without an answer the old connection takes its time to end.
    sandbox.fault("black-hole")
    config({"thing": {"client_id": "second"}})
    running.reload()
    heard = manager.hear_states(1)
    config({"thing": {"client_id": "third"}})
    running.reload()
    heard += manager.hear_states(3)
    sandbox.fault("normal")

    assert heard == ["RELOADING=1", "READY=1"] * 2
    running.accepts(2)
    assert running.status()["connection"]["connects"] == 1


def test_watchdog_hears_of_work_again_and_again(
    agent: Start, config: Config, manager: Manager
) -> None:
    agent(config(), environ=manager.environ)
    manager.hear_states(1)

    assert [manager.hear() for _ in range(4)] == ["WATCHDOG=1"] * 4


def test_watchdog_hears_nothing_of_an_agent_that_stands_still(
    agent: Start, config: Config, manager: Manager
) -> None:
    running = agent(config(), environ=manager.environ)
    manager.hear_states(1)

    running.send(signal.SIGSTOP)
    wait_until_stopped(running.pid)
    manager.forget()
    with pytest.raises(TimeoutError):
        manager.hear(within_s=3 * WATCHDOG_S)
    running.send(signal.SIGCONT)

    assert manager.hear() == "WATCHDOG=1"


def wait_until_stopped(pid: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < deadline
        threading.Event().wait(POLL_S)
