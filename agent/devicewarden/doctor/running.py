"""The daemon that runs, judged by what it says of itself."""

import os
import pwd
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from devicewarden.config.settings import ControlSettings
from devicewarden.doctor.document import Document, understood
from devicewarden.doctor.unit import USER, why_not_started
from devicewarden.doctor.verdict import Verdict, failed, ok, skipped, warning
from devicewarden.model.errors import AgentError

Ask: TypeAlias = Callable[[str, str], Mapping[str, Any]]
"""Path of the control socket and a command -> the daemon's answer; raises AgentError."""

REFUSED: Final = "refused"
"""Begins the problem `configuration`, see daemon/refusal.py."""

_CREDENTIALS: Final = struct.Struct("3i")


def ask_daemon(settings: ControlSettings, ask: Ask) -> tuple[Document | None, Verdict]:
    """Ask the daemon for its status, and judge that it runs."""
    if not settings.socket:
        return None, skipped("daemon", "control.socket is empty: nobody can ask it")
    try:
        document = understood(ask(settings.socket, "status"))
    except AgentError as error:
        return None, _unheard(settings, error)
    return document, _judge(document)


def judge_report(document: Document | None) -> Verdict:
    """Judge what became of the daemon's last report."""
    if document is None:
        return skipped("report", "no daemon was asked")
    last = document.report.last
    if document.connection is None:
        return skipped("report", "the daemon sends no reports: it knows no broker")
    if last is None:
        return ok("report", "none was due yet")
    told = f"the last one, {last.id}, was {last.outcome}"
    if last.outcome.startswith(("accepted", "acknowledged")):
        return ok("report", told)
    return failed("report", told, _advice(last.outcome))


def process_of(path: str) -> tuple[int, int] | None:
    """Tell process id and user id of whoever listens on a unix socket; None: nobody we may ask."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
            way.settimeout(1)
            way.connect(path)
            found = way.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None
    pid, uid, _ = _CREDENTIALS.unpack(found)
    return pid, uid


def agent_uid(process: tuple[int, int] | None) -> int:
    """Tell the agent's user id: that of the running one; else the package's user, else ours."""
    if process is not None:
        return process[1]
    if os.geteuid() == 0:
        try:
            return pwd.getpwnam(USER).pw_uid
        except KeyError:
            pass
    return os.geteuid()


def _unheard(settings: ControlSettings, error: AgentError) -> Verdict:
    why = why_not_started() if settings == ControlSettings() else None
    if why is None:
        return failed("daemon", str(error), error.hint)
    return failed("daemon", f"{error}; {why.message}", why.hint)


def _judge(document: Document) -> Verdict:
    told = f"version {document.version} runs as {document.thing}"
    problems = [f"{subject}: {why}" for subject, why in document.problems.items()]
    if document.problems.get("configuration", "").startswith(REFUSED):
        hint = "mend it, see devicewarden check-config; then: systemctl restart devicewarden"
        return failed("daemon", f"{told}; {'; '.join(problems)}", hint)
    if problems:
        hint = "devicewarden status shows each as it is now"
        return warning("daemon", f"{told}; {'; '.join(problems)}", hint)
    return ok("daemon", told)


def _advice(outcome: str) -> str:
    match outcome.partition(":")[0]:
        case "rejected" if "Throttled" in outcome:
            return "report.interval_s must be 300 or more for AWS, and one agent a thing"
        case "rejected":
            return "devicewarden once --check judges a report by the service's schema"
        case "missed":
            return "see what is said of the connection below"
        case _:
            return "the policy must allow to subscribe to and receive accepted and rejected"
