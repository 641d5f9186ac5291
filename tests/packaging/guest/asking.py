"""How a story asks root for actions in the daemon's place, and looks at what came of it."""

import json
from pathlib import Path
from typing import Any, Final

from tests.packaging.guest.hands import STATE, Facts, run, until

FOLDER: Final = STATE.parent / "mitigate"
ROOTS: Final = Path("/var/lib/devicewarden-mitigate")
SERVICE: Final = "devicewarden-mitigate.service"
PATH_UNIT: Final = "devicewarden-mitigate.path"

# By a name that the path unit does not look for, as the agent writes it: never half of one.
_WRITE: Final = "import os, sys; open(h := '.' + sys.argv[1], 'w').write(sys.argv[2]); \
os.replace(h, sys.argv[1])"


def as_the_agent(*command: str) -> None:
    """Run something in the folder for root, as the daemon's user."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    run("chown", "devicewarden:", str(FOLDER))
    enter = ("setpriv", "--reuid=devicewarden", "--regid=devicewarden", "--clear-groups")
    done = run("env", "-C", str(FOLDER), *enter, *command)
    assert done.code == 0, done.text


def plant(name: str, content: str) -> None:
    """Put a file in the folder for root, as a daemon would that somebody has taken over."""
    as_the_agent("/usr/bin/python3", "-c", _WRITE, f"{name}.json", content)


def plan(action: str, cause: str, kind: str = "violation") -> str:
    """Write a request to apply one action."""
    planned = {
        "name": action,
        "cause": [kind, cause],
        "task": "",
        "dryRun": False,
        "plannedAt": 1_800_000_000,
        "ports": [],
        "addresses": [],
        "resource": {},
    }
    return json.dumps({"apply": [planned]})


def asked(action: str, cause: str) -> Facts | None:
    """Ask for one action, and wait for the record that it has ended."""
    plant(cause, plan(action, cause))
    return until(lambda: ended(cause))


def ended(cause: str, *statuses: str) -> Facts | None:
    """Find the record of a cause, once it has one of the statuses, by default any last one."""
    for record in records():
        if cause in record.values() and record["status"] != "IN_PROGRESS":
            return record if not statuses or record["status"] in statuses else None
    return None


def records() -> list[Any]:
    listed: list[Any] = json.loads(run("devicewarden", "mitigate", "list", "--json").out)
    return listed


def idle() -> bool:
    """Tell whether root has nothing left to do."""
    state = run("systemctl", "show", "-P", "ActiveState", SERVICE).text
    return state in {"inactive", "failed"} and not list(FOLDER.glob("*.json"))


def ruleset() -> str:
    return run("nft", "list", "ruleset").text


def told_by_root(since: str) -> list[str]:
    """Read what the service and systemd logged of it, after a cursor."""
    run("journalctl", "--sync")
    after = ("-u", SERVICE, "-u", PATH_UNIT, "-o", "cat", "--no-pager")
    return run("journalctl", *after, f"--after-cursor={since}").text.split("\n")
