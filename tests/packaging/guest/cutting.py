"""Scenes of a quarantine: it comes by itself, holds, and ends by hand and by itself."""

import json
import time
from pathlib import Path
from typing import Final

from tests.packaging.guest import cloud
from tests.packaging.guest.asking import (
    SERVICE,
    asked,
    ended,
    idle,
    records,
    ruleset,
)
from tests.packaging.guest.hands import (
    CONFIG,
    SCENE,
    Facts,
    ask,
    cursor,
    journal,
    run,
    status,
    systemctl,
    until,
)
from tests.packaging.guest.watching import PROFILE

SETTINGS: Final = f"""
[thing]
name = "edge-7"
[publish]
endpoint = "{cloud.BROKER}"
tls = false
insecure = true
[log]
format = "json"
[mitigate]
enabled = true
dry_run = false
allow = ["QUARANTINE", "STOP_UNIT", "RUN_COMMAND", "COLLECT_EVIDENCE"]
allow_commands = ["/usr/local/sbin/runaway", "/usr/local/sbin/valve"]
"""
_COMMANDS: Final = {
    "run-away": {"command": ["/usr/local/sbin/runaway", "on"], "timeoutSeconds": 1},
    "leave": {"command": ["/usr/local/sbin/runaway", "off"]},
    "valve": {
        "command": ["/usr/local/sbin/valve", "close"],
        "undoCommand": ["/usr/local/sbin/valve", "open"],
        "timeoutSeconds": 60,
    },
    "forbidden": {"command": ["/bin/true"]},
}
_UNITS: Final = {
    "stop-lamp": "lamp.service",
    "stop-agent": "devicewarden.service",
    "stop-root": "devicewarden-mitigate.path",
    "stop-ssh": "ssh.service",
    "stop-alias": "shell.service",
    "stop-journal": "systemd-journald.service",
}
DOCUMENTS: Final = [
    {"actionName": "cut-off", "actionParams": {"quarantineParams": {"durationSeconds": 600}}},
    {"actionName": "briefly", "actionParams": {"quarantineParams": {"durationSeconds": 2}}},
    {"actionName": "shut", "actionParams": {"blockPortParams": {}}},
    {"actionName": "evidence", "actionParams": {"collectEvidenceParams": {}}},
    *(
        {"actionName": name, "actionParams": {"runCommandParams": params}}
        for name, params in _COMMANDS.items()
    ),
    *(
        {"actionName": name, "actionParams": {"stopUnitParams": {"unit": unit}}}
        for name, unit in _UNITS.items()
    ),
    {
        "actionName": "dim",
        "actionParams": {"stopUnitParams": {"unit": "lamp.service", "durationSeconds": 2}},
    },
    {
        "taskId": "strangers",
        "target": {"securityProfileName": "gateway"},
        "actions": ["cut-off"],
    },
]


def prepared() -> Facts:
    """A device with its broker, its profile and its standing order; nothing has happened yet."""
    # systemd-nspawn lays one of its own over the kernel's, which ProtectKernelTunables= uncovers
    # again in the units; on a device there is one.
    run("umount", "/proc/sys/kernel/random/boot_id")
    cloud.connect()
    done = run("dpkg", "-i", str(SCENE / "old.deb"))
    CONFIG.write_text(SETTINGS)
    (CONFIG.parent / "profiles" / "gateway.json").write_text(json.dumps(PROFILE))
    (CONFIG.parent / "actions" / "actions.json").write_text(json.dumps(DOCUMENTS))
    systemctl("restart", "devicewarden")
    answer = status(lambda a: connected(a) and a["sample"])
    return {
        "code": done.code,
        "text": done.text,
        "status": answer or ask(),
        "journal": journal(),
        "exposure": run("systemd-analyze", "security", "--no-pager", SERVICE).text,
        "verified": run("systemd-analyze", "verify", "--man=no", SERVICE).text,
    }


def cut_off() -> Facts:
    """From a port that opens to a quarantine that holds, by nobody's hand."""
    before, since = ruleset(), cursor()
    (SCENE / "before").write_text(before)
    cloud.lurk()
    there = until(lambda: "devicewarden" in ruleset() and time.time())
    listed = json.loads(run("devicewarden", "violations", "list", "--json").out)
    answer = status(lambda a: a["mitigation"]["in_effect"])
    until(lambda: "cut-off" in cloud.EVENTS.read_text())
    return {
        "there_at": there,
        "violation": listed[0],
        "ruleset": ruleset(),
        "status": answer or ask(),
        "records": records(),
        "events": cloud.EVENTS.read_text().split("\n"),
        "broker": cloud.passes(cloud.BROKER, 1883),
        "stranger": cloud.passes(cloud.STRANGER, 80),
        "is_reached": cloud.is_reached(),
        "result": run("systemctl", "show", "-P", "Result", SERVICE).text,
        "journal": journal(since),
        "told": run("devicewarden", "quarantine", "status"),
    }


def let_back() -> Facts:
    done = run("devicewarden", "quarantine", "off")
    return {
        "off": done,
        "status": run("devicewarden", "quarantine", "status"),
        "before": (SCENE / "before").read_text(),
        "ruleset": ruleset(),
        "records": records(),
        "stranger": cloud.passes(cloud.STRANGER, 80),
        "is_reached": cloud.is_reached(),
    }


def ended_by_itself() -> Facts:
    done = asked("briefly", "brief")
    between = ruleset()
    record = until(lambda: ended("brief", "EXPIRED"))
    until(idle)
    return {
        "applied": done,
        "between": between,
        "record": record or records(),
        "ruleset": ruleset(),
        "before": (SCENE / "before").read_text(),
    }


def without_nft() -> Facts:
    nft = Path("/usr/sbin/nft")
    away = nft.rename("/usr/sbin/nft.away")
    try:
        return {"record": asked("cut-off", "no-nft")}
    finally:
        away.rename(nft)


def connected(answer: Facts) -> bool:
    return bool(answer["connection"]["state"] == "connected")
