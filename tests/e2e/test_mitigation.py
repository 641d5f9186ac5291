"""From a port that opens to a quarantine in the kernel, and to people who are told of it."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.mitigate.network import Network, alone

pytestmark = pytest.mark.e2e

PROFILE = {
    "securityProfileName": "ports",
    "behaviors": [
        {
            "name": "expected-ports",
            "metric": "aws:listening-tcp-ports",
            "criteria": {
                "comparisonOperator": "in-port-set",
                "value": {"ports": [22]},
                "consecutiveDatapointsToAlarm": 1,
                "consecutiveDatapointsToClear": 1,
            },
        }
    ],
}
ACTIONS = [
    {"actionName": "cut-off", "actionParams": {"quarantineParams": {"durationSeconds": 600}}},
    {"actionName": "shut", "actionParams": {"blockPortParams": {}}},
    {
        "taskId": "ports",
        "target": {"securityProfileName": "ports"},
        "actions": ["cut-off", "shut"],
    },
]
LISTENS = (
    "import socket, sys; s = socket.create_server(('0.0.0.0', 2323)); print(flush=True);"
    " sys.stdin.read()"
)
PATIENCE_S = 30.0


def agent(network: Network, *words: str) -> list[str]:
    return [*network.enter, sys.executable, "-P", "-m", "devicewarden", *words]


def configured(folder: Path, *, dry_run: bool) -> str:
    for name, document in (("profiles", PROFILE), ("actions", ACTIONS)):
        (folder / name).mkdir()
        (folder / name / "a.json").write_text(json.dumps(document))
    config = folder / "config.toml"
    config.write_text(
        f"""
[detect]
profiles_dir = "{folder}/profiles"
[state]
dir = "{folder}/state"
[control]
socket = ""
[log]
format = "json"
[mitigate]
enabled = true
dry_run = {str(dry_run).lower()}
dir = "{folder}/actions"
allow = ["QUARANTINE", "BLOCK_PORT"]
records_dir = "{folder}/records"
"""
    )
    return str(config)


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends
        select_nothing()


def select_nothing() -> None:
    """Wait a moment: nobody tells when a file appears."""
    import select  # noqa: PLC0415 -- here alone

    select.select([], [], [], 0.05)


def asked_of_root(folder: Path) -> bool:
    return any((folder / "state" / "mitigate").glob("*.json"))


@pytest.mark.parametrize("dry_run", [False, True], ids=["for-good", "dry-run"])
def test_a_violation_ends_in_what_is_configured(tmp_path: Path, *, dry_run: bool) -> None:
    config, log = configured(tmp_path, dry_run=dry_run), tmp_path / "log"
    with (
        alone() as network,
        log.open("wb") as told,
        subprocess.Popen(  # noqa: S603 -- fixed words
            [*network.enter, sys.executable, "-c", LISTENS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as listener,
        subprocess.Popen(  # noqa: S603 -- fixed words
            agent(network, "run", "--config", config), stderr=told
        ) as daemon,
    ):
        try:
            until(lambda: asked_of_root(tmp_path))
            pending = agent(network, "mitigate", "apply", "--pending", "--config", config)
            subprocess.run(pending, check=True, timeout=60)  # noqa: S603 -- fixed words
            until(lambda: log.read_text().count("action_told") == 2)
            gates = network.ruleset.count("flags timeout")
        finally:
            daemon.terminate()
            listener.kill()

    statuses = [
        json.loads(line)["status"] for line in log.read_text().splitlines() if "action_told" in line
    ]
    assert statuses == (["SKIPPED"] if dry_run else ["SUCCESSFUL"]) * 2
    assert gates == (0 if dry_run else 2)
    assert not asked_of_root(tmp_path)
