"""Scenes in which somebody spoils what the agent stands on: its configuration, user or disk."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.packaging.guest.hands import (
    CONFIG,
    SCENE,
    STATE,
    Facts,
    ask,
    cursor,
    drop_in,
    has_sample,
    journal,
    run,
    status,
    systemctl,
    unit,
)

GOOD = '[thing]\nname = "edge-7"\n'
HALF = '[thing]\nname = "edge-8"\n[report]\ninterval_s = '
KEYS = """[publish]
endpoint = "127.0.0.1"
cert_file = "/etc/devicewarden/certs/certificate.pem"
key_file = "/etc/devicewarden/certs/private.key"
"""
READ_ONLY = ("/etc", "/var/lib")


def half_written() -> Facts:
    CONFIG.write_text(GOOD)
    systemctl("restart", "devicewarden")
    good = status(has_sample)
    CONFIG.write_text(HALF)
    reload_since = cursor()
    systemctl("reload", "devicewarden")
    reloaded = status(lambda a: "configuration" in a["problems"])
    reload_journal, since = journal(reload_since), cursor()
    restart = systemctl("restart", "devicewarden")
    return {
        "good": good,
        "reloaded": reloaded,
        "reload_journal": reload_journal,
        "restart": restart.code,
        "restarted": status(has_sample),
        "journal": journal(since),
        "systemctl_status": systemctl("status", "--no-pager", "devicewarden").text,
        "check_config": run("devicewarden", "check-config"),
        "by_hand": run("devicewarden", "run"),
    }


def broken_from_the_first_day() -> Facts:
    systemctl("stop", "devicewarden")
    (STATE.parent / "last-good.json").unlink()
    systemctl("start", "devicewarden")
    return {"status": status(has_sample)}


def mended() -> Facts:
    CONFIG.write_text(GOOD)
    systemctl("restart", "devicewarden")
    return {
        "status": status(has_sample),
        "systemctl_status": systemctl("status", "--no-pager", "devicewarden").text,
        "kept": run("stat", "-c", "%U %a", str(STATE.parent / "last-good.json")).text,
    }


def keys_of_root() -> Facts:
    for name in ("certificate.pem", "private.key"):
        shutil.copy(SCENE / name, CONFIG.parent / "certs" / name)
        (CONFIG.parent / "certs" / name).chmod(0o600)
    CONFIG.write_text(GOOD + KEYS)
    restart = systemctl("restart", "devicewarden")
    answer = status(lambda a: a["connection"] is not None)
    facts = {
        "restart": restart,
        "status": answer or ask(),
        "as_root": run("devicewarden", "check-config"),
        "as_the_user": run(
            "runuser", "-u", "devicewarden", "--", "cat", f"{CONFIG.parent}/certs/private.key"
        ),
    }
    CONFIG.write_text(GOOD)
    systemctl("restart", "devicewarden")
    return facts


def user_deleted() -> Facts:
    systemctl("stop", "devicewarden")
    run("userdel", "devicewarden")
    since = cursor()
    start = systemctl("start", "devicewarden")
    facts: Facts = {"start": start, "journal": journal(since)}
    # What the next boot does.
    run("systemd-sysusers")
    drop_in("hurry", "[Service]\nRestartSec=100ms\n")
    facts["status"] = status(has_sample)
    drop_in("hurry", "")
    return facts


def state_of_somebody_else() -> Facts:
    systemctl("stop", "devicewarden")
    run("chown", "-R", "games:games", str(STATE.parent))
    systemctl("start", "devicewarden")
    return {"status": status(has_sample), "owner": run("stat", "-c", "%U", str(STATE)).text}


def older_state() -> Facts:
    systemctl("stop", "devicewarden")
    aside = _aside()
    shutil.copy(SCENE / "version-1.db", STATE)
    shutil.chown(STATE, "devicewarden", "devicewarden")
    systemctl("start", "devicewarden")
    facts = {"status": status(has_sample), "version": _version()}
    systemctl("stop", "devicewarden")
    _back(aside)
    systemctl("start", "devicewarden")
    return facts


def newer_state() -> Facts:
    systemctl("stop", "devicewarden")
    version = _version()
    _set_version(version + 40)
    systemctl("start", "devicewarden")
    facts = {"status": status(has_sample), "version": _version(), "ours": version}
    systemctl("stop", "devicewarden")
    _set_version(version)
    systemctl("start", "devicewarden")
    facts["put_right"] = status(has_sample)
    return facts


def read_only_root() -> Facts:
    status(has_sample)
    # All of it that the agent sees; the machine's own journal has files open for writing elsewhere.
    for folder in READ_ONLY:
        run("mount", "--bind", folder, folder)
    remounted = [run("mount", "-o", "remount,ro,bind", folder).code for folder in READ_ONLY]
    since = cursor()
    restart = systemctl("restart", "devicewarden")
    facts: Facts = {
        "remounted": remounted,
        "restart": restart,
        "status": status(has_sample),
        "journal": journal(since),
    }
    for folder in READ_ONLY:
        run("umount", "--lazy", folder)
    systemctl("restart", "devicewarden")
    facts["afterwards"] = status(has_sample)
    facts["active"] = unit("ActiveState")
    return facts


def _version() -> int:
    with closing(sqlite3.connect(STATE)) as database:
        return int(database.execute("PRAGMA user_version").fetchone()[0])


def _set_version(version: int) -> None:
    with closing(sqlite3.connect(STATE)) as database:
        database.execute(f"PRAGMA user_version = {version}")


def _aside() -> Path:
    return Path(shutil.move(STATE, STATE.with_name("aside.db")))


def _back(aside: Path) -> None:
    for left in STATE.parent.glob("state.db*"):
        left.unlink()
    shutil.move(aside, STATE)
