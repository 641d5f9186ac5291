"""What the daemon sees of listeners and of short connections, on the real kernel.

In a network namespace of its own. `python -m tests.bench.seeing PYTHON` prints one JSON object.
PYTHON runs the daemon, without any capability and with its defaults: one sample a second.
"""

import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

from tests.bench.resident import running

from devicewarden.cli.control_client import ask
from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import AgentError
from devicewarden.state.look import look
from devicewarden.state.violation_records import Filter
from devicewarden.state.violation_tables import find

PERIOD_S: Final = 1.0
LISTENERS: Final = 100
FIRST_PORT: Final = 20_000
# No divisor of the period, so that every phase of it comes up.
BETWEEN_S: Final = 0.173
OUTLIVES_S: Final = 1.2 * PERIOD_S
RATE: Final = 1_000
SPAN_S: Final = 5
BATCH: Final = 20
SLOWEST: Final = 1.05
REMOTES: Final = IPv4Address("127.98.0.1")
FORBIDDEN: Final = 100
"""Of the remote addresses; so many behaviors fit into a profile."""
DEADLINE_S: Final = 30.0
AS_SHIPPED: Final = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon under a profile; `folder` holds all its files."""

    folder: Path

    def status(self) -> dict[str, Any]:
        return ask(str(self.folder / "control.sock"), "status")

    def until(self, claim: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a status of which the claim holds.

        Raises:
            ChildProcessError: none came.
        """
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(AgentError):
                status = self.status()
                if claim(status):
                    return status
            pause(0.05)
        raise ChildProcessError((self.folder / "agent.log").read_text()[-500:])

    def looked_again(self) -> dict[str, Any]:
        """Wait for two more samples: after the first, what comes late is listed as well."""
        before = self.status()["sample"]["taken_at"]
        first = self.until(lambda status: status["sample"]["taken_at"] > before)
        return self.until(lambda s: s["sample"]["taken_at"] > first["sample"]["taken_at"])

    def raised(self) -> Mapping[str, datetime]:
        """Give the time of the alarm of each behavior that raised one."""
        found = look(StateSettings(dir=str(self.folder)), lambda db: find(db, Filter()))
        return {violation.behavior: violation.opened_at for violation in found}


@contextlib.contextmanager
def watching(python: str, behaviors: Sequence[Mapping[str, object]]) -> Iterator[Daemon]:
    """Run a daemon that has looked once: what comes after that is new to it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "profiles").mkdir()
        (folder / "profiles" / "bench.json").write_text(json.dumps(behaviors))
        config = folder / "config.toml"
        config.write_text(
            f'[state]\ndir = "{name}"\n[control]\nsocket = "{name}/control.sock"\n'
            f'[detect]\nprofiles_dir = "{name}/profiles"\n[collect]\ninterval_s = {PERIOD_S}\n'
        )
        command = [python, "-m", "devicewarden", "run", "--config", str(config)]
        with running([*as_shipped(), *command], folder / "agent.log"):
            daemon = Daemon(folder)
            daemon.until(lambda status: status["sample"] is not None)
            yield daemon


def as_shipped() -> Sequence[str]:
    return AS_SHIPPED if shutil.which(AS_SHIPPED[0]) else ()


def forbids(name: str, metric: str, operator: str, value: Mapping[str, object]) -> dict[str, Any]:
    criteria = {"comparisonOperator": f"not-in-{operator}-set", "value": value}
    return {"name": name, "metric": f"aws:{metric}", "criteria": criteria}


def listeners(python: str) -> dict[str, float]:
    """Open listeners that outlive a period, at every phase of it; tell how soon each was seen."""
    ports = range(FIRST_PORT, FIRST_PORT + LISTENERS)
    metric = "listening-tcp-ports"
    behaviors = [forbids(str(port), metric, "port", {"ports": [port]}) for port in ports]
    opened_s: dict[str, float] = {}
    with watching(python, behaviors) as daemon, ExitStack() as held:
        for port in ports:
            lasting = held.enter_context(socket.create_server(("127.0.0.1", port)))
            opened_s[str(port)] = time.time()
            closing = threading.Timer(OUTLIVES_S, lasting.close)
            closing.start()
            held.callback(closing.join)
            pause(BETWEEN_S)
        daemon.looked_again()
        raised = daemon.raised()
    delays = [raised[name].timestamp() - at_s for name, at_s in opened_s.items() if name in raised]
    return {
        "listeners": len(ports),
        "seen within a period": sum(delay <= PERIOD_S for delay in delays),
        "seen": len(delays),
        "longest delay, s": max(delays, default=0.0),
    }


def connections(python: str) -> dict[str, float]:
    """Connect to a new address each time and close at once; tell what came of those watched."""
    remotes = [str(REMOTES + n) for n in range(RATE * SPAN_S)]
    forbidden = remotes[:: len(remotes) // FORBIDDEN]
    metric = "destination-ip-addresses"
    behaviors = [
        forbids(remote.replace(".", "-"), metric, "cidr", {"cidrs": [f"{remote}/32"]})
        for remote in forbidden
    ]
    with watching(python, behaviors) as daemon, accepting() as port:
        lasted_s = visit(remotes, port)
        missed = daemon.looked_again()["detection"]["sockets_missed"]
        told = len(daemon.raised())
    return {
        "connections": len(remotes),
        "connections a second": len(remotes) / lasted_s,
        "watched": len(forbidden),
        "told": told,
        "sockets missed": missed,
    }


def visit(remotes: Sequence[str], port: int) -> float:
    """Connect at the rate that is wanted, and tell how many seconds it took.

    Raises:
        ChildProcessError: this machine cannot.
    """
    began = time.monotonic()
    for done in range(0, len(remotes), BATCH):
        for remote in remotes[done : done + BATCH]:
            socket.create_connection((remote, port), timeout=DEADLINE_S).close()
        pause(began + (done + BATCH) / RATE - time.monotonic())
    lasted_s = time.monotonic() - began
    if lasted_s > SLOWEST * len(remotes) / RATE:
        raise ChildProcessError(f"{len(remotes) / lasted_s:.0f} connections a second at most")
    return lasted_s


@contextlib.contextmanager
def accepting() -> Iterator[int]:
    """Take connections on every loopback address in a process of its own; gives the port."""
    with socket.create_server(("0.0.0.0", 0), backlog=4096) as server:
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(OSError):
                while True:
                    server.accept()[0].close()
            os._exit(0)
        try:
            yield server.getsockname()[1]
        finally:
            os.kill(pid, 9)
            os.waitpid(pid, 0)


def pause(seconds: float) -> None:
    threading.Event().wait(max(0.0, seconds))


def main() -> None:
    python = sys.argv[1]
    print(json.dumps({**listeners(python), **connections(python)}))


if __name__ == "__main__":
    main()
