"""Applies, undoes and renews at random in this network namespace, and is killed in between.

Every step is a process that is killed with SIGKILL after a random time, or not at all. Prints JSON:
what was done, how often the broker did not answer, and whether the rules came to be as they were.
"""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.mitigate.hosts import BROKER, configured, planned, settings_of
from tests.mitigate.network import OTHER

from devicewarden.config.settings import Settings
from devicewarden.mitigate.executor import Executor
from devicewarden.mitigate.refusals import Refusals
from devicewarden.mitigate.session import open_executor
from devicewarden.model.action import Cause
from devicewarden.model.action_mapping import Orders
from devicewarden.model.action_params import (
    BlockDestination,
    BlockPort,
    LimitEgressRate,
    Params,
    Port,
    Quarantine,
)
from devicewarden.model.errors import MitigationError

ACTIONS: Final[dict[str, Params]] = {
    "cut-off": Quarantine(),
    "port": BlockPort((Port("TCP", 23), Port("UDP", 53))),
    "far": BlockDestination(("0.0.0.0/0", "::/0")),
    "slow": LimitEgressRate(1_000),
}
MOST_S: Final = 0.12
"""A step takes about half of it, so that about every other one is killed."""

Step = Callable[[Executor], object]


def main(seed: str, sequences: str, folder: str) -> None:
    chance, settings = random.Random(seed), settings_of(records_dir=folder)
    Path(folder).mkdir(exist_ok=True)
    first = ruleset()
    facts = {"sequences": 0, "steps": 0, "killed": 0, "failed": 0, "unanswered": 0, "different": 0}
    for _ in range(int(sequences)):
        for _ in range(chance.randint(2, 6)):
            status = ended(settings, step(chance), chance.uniform(0, MOST_S))
            facts["killed"] += status == -signal.SIGKILL
            facts["failed"] += status > 0
            facts["steps"] += 1
            facts["unanswered"] += not broker_answers()
        if ended(settings, undo_all, None) != 0:
            raise SystemExit("undoing everything failed")
        facts["different"] += ruleset() != first
        facts["sequences"] += 1
    sys.stdout.write(json.dumps(facts))


def step(chance: random.Random) -> Step:
    name = chance.choice(sorted(ACTIONS))
    return chance.choice([applying(name), applying(name), undo_oldest, undo_all, renew])


def applying(name: str) -> Step:
    return lambda executor: executor.apply([planned(name, cause=Cause("job", uuid4().hex))])


def undo_oldest(executor: Executor) -> None:
    for record in executor.standing()[:1]:
        executor.undo(record.action_id)


def undo_all(executor: Executor) -> None:
    for record in executor.standing():
        executor.undo(record.action_id)


def renew(executor: Executor) -> None:
    executor.renew(connected=True)


def ended(settings: Settings, step: Step, killed_after_s: float | None) -> int:
    """Do a step in a process of its own, and tell its exit status; negative: the signal."""
    child = os.fork()
    if child == 0:
        os._exit(do(settings, step))
    over = threading.Event()
    if killed_after_s is not None:
        killer = threading.Thread(target=kill, args=(child, killed_after_s, over))
        killer.start()
    # Left for us to wait for, so that nobody else gets its id meanwhile.
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    over.set()
    if killed_after_s is not None:
        killer.join()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill(child: int, after_s: float, over: threading.Event) -> None:
    if not over.wait(after_s):
        os.kill(child, signal.SIGKILL)


def do(settings: Settings, step: Step) -> int:
    refusals = Refusals(
        settings=settings.mitigate, orders=Orders(actions=configured(**ACTIONS)), operator=True
    )
    try:
        with open_executor(settings, refusals, resolve=lambda _host: (BROKER,)) as executor:
            step(executor)
    except MitigationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def broker_answers() -> bool:
    with contextlib.suppress(OSError), socket.create_connection((OTHER, 1883), timeout=2) as asked:
        return asked.recv(100) != b""
    return False


def ruleset() -> bytes:
    return subprocess.run(
        ["nft", "list", "ruleset"],  # noqa: S607 -- where the developer has it
        capture_output=True,
        check=True,
    ).stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
