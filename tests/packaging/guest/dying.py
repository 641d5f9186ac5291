"""Scenes in which the agent dies or hangs, and systemd brings it back."""

from tests.packaging.guest.hands import (
    UNIT,
    Facts,
    cursor,
    drop_in,
    has_sample,
    journal,
    run,
    status,
    systemctl,
    unit,
    until,
)


def killed() -> Facts:
    drop_in("hurry", "[Service]\nRestartSec=100ms\n")
    return _ended_by("KILL")


def hung() -> Facts:
    drop_in("hurry", "[Service]\nRestartSec=100ms\nWatchdogSec=2s\n")
    systemctl("restart", "devicewarden")
    facts = _ended_by("STOP")
    drop_in("hurry", "")
    systemctl("restart", "devicewarden")
    return facts


def _ended_by(signal: str) -> Facts:
    status(has_sample)
    before, since = unit("MainPID"), cursor()
    run("systemctl", "kill", "--kill-whom=main", f"--signal={signal}", UNIT)
    until(lambda: unit("MainPID") not in {"0", before} and unit("ActiveState") == "active")
    answer = status(has_sample)
    return {"restarts": unit("NRestarts"), "journal": journal(since), "status": answer}


def reloaded() -> Facts:
    """A reload is told to systemd, and keeps the process."""
    before, since = unit("MainPID"), cursor()
    done = systemctl("reload", "devicewarden")
    until(lambda: any("configuration_reloaded" in line for line in journal(since)))
    return {
        "code": done.code,
        "same_process": unit("MainPID") == before,
        "active": unit("ActiveState"),
        "journal": journal(since),
    }
