"""Scenes of a device that has just got the package: nothing is configured, nothing is asked."""

import json
import time
from pathlib import Path

from tests.packaging.guest.hands import (
    CONFIG,
    SCENE,
    STATE,
    Facts,
    ask,
    has_sample,
    run,
    status,
    systemctl,
    unit,
)

PROFILE = {
    "securityProfileName": "gateway",
    "behaviors": [
        {
            "name": "no-stranger",
            "metric": "aws:listening-tcp-ports",
            "criteria": {"comparisonOperator": "not-in-port-set", "value": {"ports": [8099]}},
        }
    ],
}
# For four seconds: what an interface counted before it was first seen is not traffic.
SENDER = """
import socket, threading
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(200):
    s.sendto(bytes(1000), ("10.9.9.2", 9))
    threading.Event().wait(0.02)
"""


def installed() -> Facts:
    before = time.monotonic()
    done = run("sh", "-eu", str(SCENE / "install.sh"))
    answer = status(has_sample)
    return {
        "code": done.code,
        "text": done.text,
        "useful_after_s": time.monotonic() - before,
        "status": answer,
        "for_people": run("devicewarden", "status").text,
        "active": unit("ActiveState"),
        "enabled": systemctl("is-enabled", "devicewarden").text,
        "audit_timer": systemctl("is-enabled", "devicewarden-audit.timer").text,
        "user": run("id", "-un", _uid()).text,
        "capabilities": _capabilities(),
        "exposure": run("systemd-analyze", "security", "--no-pager", "devicewarden").text,
        "verified": run("systemd-analyze", "verify", "--man=no", "devicewarden.service").text,
        "state_folder": run("stat", "-c", "%U %a", str(STATE.parent)).text,
        "certs_folder": run("stat", "-c", "%U %a", str(CONFIG.parent / "certs")).text,
    }


def measured() -> Facts:
    """What the table in docs/install.md shows; a start is timed from the call to READY=1."""
    before = time.monotonic()
    systemctl("restart", "devicewarden")
    start_s = time.monotonic() - before
    status(has_sample)
    proc = Path("/proc") / unit("MainPID") / "status"
    peak = [line for line in proc.read_text().splitlines() if line.startswith("VmHWM")]
    return {"start_s": start_s, "memory_peak": unit("MemoryPeak"), "main_process_peak": peak[0]}


def saw_others() -> Facts:
    (CONFIG.parent / "profiles" / "gateway.json").write_text(json.dumps(PROFILE))
    systemctl("reload", "devicewarden")
    run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1")
    run("ip", "address", "add", "10.9.9.1/24", "dev", "lan0")
    run("ip", "link", "set", "lan0", "up")
    run("ip", "link", "set", "lan1", "up")
    # Nobody would answer who 10.9.9.2 is.
    run("ip", "neigh", "add", "10.9.9.2", "lladdr", "02:00:00:00:00:02", "dev", "lan0")
    _as_games("lurker", "/usr/bin/python3", "-m", "http.server", "--directory", "/usr", "8099")
    _as_games("sender", "/usr/bin/python3", "-c", SENDER)
    answer = status(lambda a: a["detection"]["active"] and _bytes_out(a) > 100_000)
    return {
        "status": answer or ask(),
        "violation": _newest_violation(),
        "uid": int(run("id", "-u", "games").text),
    }


def saw_exact_owners() -> Facts:
    """The same port, with the drop-in that costs two capabilities."""
    run("systemctl", "stop", "lurker")
    status(lambda a: not a["detection"]["active"])
    drop_in = "/usr/lib/devicewarden/drop-ins/exact-owners.conf"
    folder = "/etc/systemd/system/devicewarden.service.d"
    run("mkdir", "-p", folder)
    run("ln", "-s", drop_in, folder)
    systemctl("daemon-reload")
    systemctl("restart", "devicewarden")
    capabilities = _capabilities()
    # Of another name: what systemd still hears of the first one is not of this one.
    _as_games("prowler", "/usr/bin/python3", "-m", "http.server", "--directory", "/usr", "8099")
    status(lambda a: a["detection"]["active"])
    facts = {
        "capabilities": capabilities,
        "violation": _newest_violation(),
        "pid": run("systemctl", "show", "-P", "MainPID", "prowler").text,
    }
    run("rm", f"{folder}/exact-owners.conf")
    run("systemctl", "stop", "prowler")
    systemctl("daemon-reload")
    systemctl("restart", "devicewarden")
    return facts


def audited() -> Facts:
    """The daily audit as its unit runs it, in its own sandbox."""
    started = systemctl("start", "devicewarden-audit.service")
    audit = "devicewarden-audit.service"
    return {
        "code": started.code,
        "status": run("systemctl", "show", "-P", "ExecMainStatus", audit).text,
        "journal": run("journalctl", "-b", "-u", audit, "-o", "cat", "--no-pager").text,
        "exposure": run("systemd-analyze", "security", "--no-pager", audit).text,
        "findings": json.loads(run("devicewarden", "findings", "list", "--json").out),
        "owners": run("find", str(STATE.parent), "-printf", "%U\\n").text.split(),
        "uid": run("id", "-u", "devicewarden").text,
    }


def _newest_violation() -> Facts:
    """Read the whole of it, once the owner that is looked for beside it is there."""
    listed = json.loads(run("devicewarden", "violations", "list", "--json").out)
    shown = run("devicewarden", "violations", "show", listed[0]["violationId"], "--json").out
    violation: Facts = json.loads(shown)
    return violation


def _as_games(name: str, *command: str) -> None:
    run("systemd-run", "--quiet", "--collect", f"--unit={name}", "--uid=games", *command)


def _bytes_out(answer: Facts) -> int:
    return int(answer["sample"]["traffic_since_start"]["bytes_out"])


def _uid() -> str:
    return run("stat", "-c", "%u", f"/proc/{unit('MainPID')}").text


def _capabilities() -> str:
    status_file = Path("/proc") / unit("MainPID") / "status"
    (effective,) = (s for s in status_file.read_text().splitlines() if s.startswith("CapEff"))
    return effective.split()[1]
