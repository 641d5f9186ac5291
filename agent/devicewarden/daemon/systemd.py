"""What the service manager is told: ready, reloading, stopping, and that work is being done."""

import os
import socket
import time
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger()
_SEND_TIMEOUT_S = 1.0
_MAX_STATUS = 200


class Supervisor:
    """Speaks sd_notify(3) to systemd; without systemd every call does nothing. Never raises.

    Attributes:
        watchdog_s: systemd kills the daemon after this time without `watchdog()`; None: it does
            not watch. Call at least twice as often.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._told_failure = False
        self.watchdog_s = _watchdog_s(environ)

    def ready(self) -> None:
        """Say that the start, or a reload, is done."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Say that a reload begins; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the daemon is on its way out."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Show one line to people, in `systemctl status`."""
        self._send(f"STATUS={' '.join(text.split())[:_MAX_STATUS]}")

    def watchdog(self) -> None:
        """Say that work is being done."""
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                # systemd may be busy for a moment; a lost READY=1 would get us killed.
                notify.settimeout(_SEND_TIMEOUT_S)
                notify.connect(self._address)
                notify.send(message.encode(errors="replace"))
        except OSError as error:
            if not self._told_failure:
                log.warning("systemd_not_told", error=str(error))
            self._told_failure = True


class Progress:
    """Whether every job got on with its work: what the watchdog is told follows from this.

    Args:
        monotonic: seconds that never go back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._due: dict[str, float] = {}

    def mark(self, job: str, deadline_s: float) -> None:
        """Note that a job did a piece of work, and by when it must have done the next."""
        self._due[job] = self._monotonic() + deadline_s

    def forget(self, job: str) -> None:
        """Expect nothing more of a job that ended."""
        self._due.pop(job, None)

    def late(self) -> tuple[str, ...]:
        """Name the jobs that missed their deadline."""
        now = self._monotonic()
        return tuple(job for job, due in self._due.items() if now > due)


def _address(notify_socket: str) -> str | None:
    # "@" stands for the NUL byte of an abstract address; other schemes are not for services here.
    if notify_socket.startswith("@"):
        return "\0" + notify_socket[1:]
    return notify_socket if notify_socket.startswith("/") else None


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    period_us = environ.get("WATCHDOG_USEC", "")
    return int(period_us) / 1e6 if period_us.isdecimal() and int(period_us) > 0 else None
