"""`make bench-mitigate`: whether rules come back as they were, and how fast a quarantine is there.

Sequences of apply, undo and renew, each step a process that may be killed at a random time, in a
network namespace; the time of a quarantine is from the request of the daemon, which comes with the
violation, to the end of root's process. What systemd takes to start that is not in it.
It ends with status 0 also where a goal is missed, for this is no test.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Final

from tests.bench.figures import Figure, tell
from tests.mitigate.hosts import planned
from tests.mitigate.network import Network, alone
from tests.mitigate.test_killed import play

from devicewarden.mitigate import spool
from devicewarden.mitigate.plan_form import Apply, Undo
from devicewarden.model.action import Cause

SEQUENCES: Final = 1000
QUARANTINES: Final = 100
LONGEST_S: Final = 2.0
ACTION: Final = {"actionName": "cut-off", "actionParams": {"quarantineParams": {}}}
CONFIG: Final = """
[publish]
endpoint = "192.0.2.2"
tls = false
expect_reply = false
insecure = true
[state]
dir = "{folder}/state"
[mitigate]
enabled = true
dry_run = false
dir = "{folder}/actions"
allow = ["QUARANTINE"]
records_dir = "{folder}/records"
"""


def of_sequences(folder: Path) -> Iterator[Figure]:
    facts = play(seed=1, sequences=SEQUENCES, folder=folder / "killed")
    for what in ("sequences", "steps", "killed", "failed"):
        yield Figure(what=what, unit="number", measured=facts[what])
    for what, told in (
        ("different", "rulesets that differ from the first after a sequence"),
        ("unanswered", "steps after which the broker did not answer"),
    ):
        yield Figure(what=told, unit="number", measured=facts[what], goal=0)


def of_quarantines(folder: Path) -> Iterator[Figure]:
    (folder / "actions").mkdir()
    (folder / "actions" / "a.json").write_text(json.dumps(ACTION))
    (folder / "config.toml").write_text(CONFIG.format(folder=folder))
    (folder / "state").mkdir()
    with alone() as network:
        took_s = sorted(quarantined(network, folder, str(n)) for n in range(QUARANTINES))
    yield Figure(what="quarantine in effect, median", unit="s", measured=statistics.median(took_s))
    yield Figure(
        what="quarantine in effect, p99",
        unit="s",
        measured=took_s[round(0.99 * (len(took_s) - 1))],
        goal=LONGEST_S,
    )


def quarantined(network: Network, folder: Path, cause: str) -> float:
    """Tell how long a quarantine takes to be in effect, and end it."""
    plan = planned("cut-off", cause=Cause("violation", cause))
    began_s = monotonic()
    spool.put(folder / "state", "plan", Apply((plan,)))
    work_off(network, folder)
    took_s = monotonic() - began_s
    if plan.action_id not in network.ruleset:
        raise SystemExit("there is no quarantine")
    spool.put(folder / "state", "undo", Undo(plan.action_id))
    work_off(network, folder)
    return took_s


def work_off(network: Network, folder: Path) -> None:
    words = ("mitigate", "apply", "--pending", "--config", str(folder / "config.toml"))
    argv = [*network.enter, sys.executable, "-P", "-m", "devicewarden", *words]
    subprocess.run(argv, check=True, capture_output=True, timeout=60)


def main() -> int:
    return tell("bench_mitigate", __doc__, measured)


def measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as made:
        return [*of_quarantines(Path(made)), *of_sequences(Path(made))]


if __name__ == "__main__":
    sys.exit(main())
