"""Scenes of the other actions, each in the sandbox of its service: units, evidence, commands."""

import tarfile
from pathlib import Path
from typing import Final

from tests.packaging.guest.asking import (
    ROOTS,
    SERVICE,
    asked,
    ended,
    idle,
    plan,
    plant,
    told_by_root,
)
from tests.packaging.guest.hands import Facts, cursor, run, systemctl, until

UNITS: Final = Path("/etc/systemd/system")
_UNIT: Final = "[Service]\nExecStart=/bin/sleep infinity\n"
_RUNAWAY: Final = """#!/bin/sh
# Everybody in a session of their own, and none of them ever ends.
for each in 1 2 3; do setsid -f sh -c 'setsid -f /bin/sleep 7777; exec /bin/sleep 7777'; done
[ "$1" = off ] || exec /bin/sleep 7777
"""
_VALVE: Final = """#!/bin/sh
echo "$1" >> /run/valve
[ "$1" = open ] || exec /bin/sleep 7777
"""
_ALL: Final = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'"


def furnished() -> Facts:
    """Units and programs that the actions are about."""
    for name in ("lamp", "ssh"):
        (UNITS / f"{name}.service").write_text(_UNIT)
    (UNITS / "shell.service").symlink_to("ssh.service")
    systemctl("daemon-reload")
    started = systemctl("start", "lamp", "ssh")
    programs = {"runaway": _RUNAWAY, "valve": _VALVE.replace("/run", str(ROOTS))}
    for name, text in programs.items():
        file = Path("/usr/local/sbin") / name
        file.write_text(text)
        file.chmod(0o755)
    return {"started": started.code}


def stopped() -> Facts:
    """By hand back again."""
    record = asked("stop-lamp", "stop")
    between = _active("lamp")
    undone = run("devicewarden", "mitigate", "undo", record["actionId"] if record else "none")
    return {"record": record, "between": between, "undone": undone, "after": _active("lamp")}


def dimmed() -> Facts:
    """By nobody's hand back again."""
    record = asked("dim", "dim")
    between = _active("lamp")
    until(lambda: _active("lamp") == "active")
    over = until(lambda: ended("dim", "EXPIRED"))
    return {"record": record, "between": between, "after": _active("lamp"), "over": over}


def protected() -> Facts:
    names = ("stop-agent", "stop-root", "stop-ssh", "stop-alias", "stop-journal")
    for name in names:
        plant(name, plan(name, name))
    until(idle)
    units = ("devicewarden", "devicewarden-mitigate.path", "ssh", "systemd-journald")
    return {
        "records": {name: ended(name) for name in names},
        "active": {unit: _active(unit) for unit in units},
    }


def collected() -> Facts:
    record = asked("evidence", "evidence")
    (archive,) = (ROOTS / "evidence").glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        files = {each.name: opened.extractfile(each) for each in opened.getmembers()}
        texts = {name: file.read().decode(errors="replace") for name, file in files.items() if file}
    ours = [line for line in texts["processes.txt"].split("\n") if "8099" in line]
    return {
        "record": record,
        "mode": run("stat", "-c", "%U %a", str(archive), str(archive.parent)).text,
        "bytes": archive.stat().st_size,
        "sizes": {name: len(text) for name, text in texts.items()},
        "lurker": ours,
        "socket": [line for line in texts["sockets.txt"].split("\n") if ":8099" in line],
        "unit": "lurker.service" in texts["units.txt"],
        "root_mounted": " / " in texts["proc/1-mounts"]
        and "/var/lib/devicewarden " not in texts["proc/1-mounts"],
        "log": "alarm_raised" in texts["log.txt"],
        "starts": {name: text[:200] for name, text in texts.items()},
    }


def ran_away() -> Facts:
    return {
        "never_ends": asked("run-away", "never-ends"),
        "ends": asked("leave", "leaves"),
        "forbidden": asked("forbidden", "not-allowed"),
        "left": [line for line in run("sh", "-c", _ALL).text.split("\n") if "7777" in line],
    }


def interrupted() -> Facts:
    """The service is killed in the middle of a command; the next run, by itself, mends."""
    valve, since = ROOTS / "valve", cursor()
    plant("killed", plan("valve", "killed"))
    until(valve.exists)
    killed = systemctl("kill", "--signal=KILL", SERVICE)
    record = until(lambda: ended("killed"))
    until(idle)
    return {
        "killed": killed.code,
        "record": record,
        "valve": valve.read_text().split(),
        "journal": told_by_root(since),
    }


def _active(unit: str) -> str:
    return systemctl("is-active", unit).text
