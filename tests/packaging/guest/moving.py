"""Scenes of dpkg: upgrade, downgrade, switched off, removed, purged."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.packaging.guest.hands import (
    CONFIG,
    SCENE,
    STATE,
    Done,
    Facts,
    cursor,
    has_sample,
    journal,
    run,
    status,
    systemctl,
    unit,
)

OUR_UNITS = (
    "devicewarden.service",
    "devicewarden-audit.service",
    "devicewarden-audit.timer",
    "devicewarden-mitigate.service",
    "devicewarden-mitigate.path",
)
EDITED = '# ours\n[thing]\nname = "edge-7"\n'


def upgraded() -> Facts:
    CONFIG.write_text(EDITED)
    systemctl("restart", "devicewarden")
    status(has_sample)
    _put_into_outbox()
    before, since = _kept(), cursor()
    done = _install("new.deb")
    answer = status(has_sample)
    return {
        "code": done.code,
        "text": done.text,
        "before": before,
        "after": _kept(),
        "config": CONFIG.read_text(),
        "status": answer,
        "starts": sum("agent_started" in line for line in journal(since)),
        "active": unit("ActiveState"),
    }


def downgraded() -> Facts:
    since = cursor()
    done = _install("old.deb")
    answer = status(has_sample)
    return {
        "code": done.code,
        "text": done.text,
        "config": CONFIG.read_text(),
        "status": answer,
        "after": _kept(),
        "starts": sum("agent_started" in line for line in journal(since)),
    }


def switched_off() -> Facts:
    systemctl("disable", "--now", "devicewarden")
    _install("new.deb")
    disabled = [systemctl("is-enabled", "devicewarden").text, unit("ActiveState")]
    systemctl("mask", "devicewarden")
    _install("old.deb")
    masked = [systemctl("is-enabled", "devicewarden").text, unit("ActiveState")]
    systemctl("unmask", "devicewarden")
    systemctl("enable", "--now", "devicewarden")
    return {"disabled": disabled, "masked": masked, "status": status(has_sample)}


def removed() -> Facts:
    run("nft", "add", "table", "inet", "devicewarden")
    table = run("nft", "list", "tables").text
    pid = unit("MainPID")
    # Somebody has removed it by hand already.
    shutil.rmtree("/usr/lib/devicewarden")
    done = run("dpkg", "--remove", "devicewarden")
    return {
        "code": done.code,
        "text": done.text,
        "gone": not Path(f"/proc/{pid}").exists(),
        "load": unit("LoadState"),
        "config": CONFIG.read_text(),
        "state": _kept(),
        "table_before": table,
        "tables": run("nft", "list", "tables").text,
    }


def purged() -> Facts:
    # Somebody who was let in, as docs/install.md tells, and the trace of a timer that fired.
    run("usermod", "--append", "--groups", "devicewarden", "nobody")
    Path("/var/lib/systemd/timers/stamp-devicewarden-audit.timer").touch()
    # What mitigation remembers, and what the operator changed about each unit.
    Path("/var/lib/devicewarden-mitigate").mkdir(exist_ok=True)
    Path("/var/lib/devicewarden-mitigate/ledger.json").touch()
    for name in OUR_UNITS:
        drop_in = Path(f"/etc/systemd/system/{name}.d/ours.conf")
        drop_in.parent.mkdir(exist_ok=True)
        drop_in.write_text("[Unit]\n")
    done = run("dpkg", "--purge", "devicewarden")
    left = run(
        "find",
        "/",
        "-xdev",
        "-path",
        "/proc",
        "-prune",
        "-o",
        "-path",
        "/scene",
        "-prune",
        "-o",
        "-iname",
        "*devicewarden*",
        "-print",
    )
    return {
        "code": done.code,
        "text": done.text,
        "left": [path for path in left.text.split("\n") if path],
        "user": run("getent", "passwd", "devicewarden").text,
        "group": run("getent", "group", "devicewarden").text,
        "units": run("systemctl", "list-unit-files", "--no-legend", "devicewarden*").text,
        "known": run("dpkg", "--status", "devicewarden").code,
    }


def _install(deb: str) -> Done:
    # Without these dpkg asks about a configuration file that both sides changed, as it should.
    return run("dpkg", "-i", "--force-confdef", "--force-confold", str(SCENE / deb))


def _put_into_outbox() -> None:
    """An event for a sink that is away."""
    with closing(sqlite3.connect(STATE)) as database, database:
        database.execute(
            "INSERT INTO outbox (sink, event_id, put_at, quiet, payload) VALUES (?, ?, ?, ?, ?)",
            ("mqtt", "event-1", 1_700_000_000, 0, b"{}"),
        )


def _kept() -> Facts:
    """What an upgrade must not lose."""
    with closing(sqlite3.connect(STATE)) as database:
        violations = database.execute("SELECT violation_id FROM violations ORDER BY 1").fetchall()
        outbox = database.execute("SELECT event_id FROM outbox ORDER BY 1").fetchall()
    return {"violations": violations, "outbox": outbox}
