"""Whether somebody keeps the clock of this device right."""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.device.host import Host, host_resource
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding

_TIME_ERROR: Final = 5
_TIMEX_BYTES: Final = 512
"""More than `struct timex` has on any architecture; all zero, it asks and changes nothing."""

_TIMESYNCD: Final = "/run/systemd/timesync/synchronized"
_CONTAINER: Final = ("/run/systemd/container", "/.dockerenv", "/run/.containerenv")


@dataclass(frozen=True, slots=True)
class Clock:
    """The system clock.

    Attributes:
        synchronized: somebody keeps it right; None: nobody says.
    """

    synchronized: bool | None


class ClockNotSynchronized:
    """Finds a clock that runs as it likes."""

    subject = Clock
    meta = CheckMeta(
        name="clock-not-synchronized",
        title="The clock is kept right",
        severity="MEDIUM",
        why="With a wrong clock certificates look expired or not yet valid, and logs and reports"
        " cannot be put in order.",
        decides="The kernel says so (adjtimex), as chrony, ntpd and systemd-timesyncd tell it;"
        " where it may not be asked, systemd-timesyncd's file says so. In a container that may not"
        " ask, the clock is the host's, and not judged.",
        remedy="timedatectl set-ntp true, and let UDP port 123 out to a time server.",
        needs="the kernel's clock",
        source="CIS Benchmark for Debian, time synchronization",
        codes={"CLOCK_NOT_SYNCHRONIZED": "nothing keeps the clock right"},
    )

    def judge(self, subject: Clock, at: datetime) -> Iterator[Finding]:
        del at
        if subject.synchronized is None:
            raise AuditError("the kernel does not say whether the clock is synchronized")
        if not subject.synchronized:
            reason = "no time server has set the clock since the device started, or for long"
            yield self.meta.finding(host_resource("clock"), "CLOCK_NOT_SYNCHRONIZED", reason)


def read_clock(host: Host, by_kernel: Callable[[], bool | None] | None = None) -> Iterator[object]:
    """Ask the kernel; of a recorded tree its files alone.

    The file stays when the time server is long gone, so the kernel comes first.
    """
    ask = by_kernel or (is_synchronized if host.root == Path("/") else lambda: None)
    synchronized = ask()
    if synchronized is None and host.there(_TIMESYNCD):
        synchronized = True
    if synchronized is not None or not any(map(host.there, _CONTAINER)):
        yield Clock(synchronized)


def is_synchronized() -> bool | None:
    """Ask the kernel whether somebody keeps its clock right; None where it does not say.

    Source: adjtimex(2), which returns TIME_ERROR for a clock that is not synchronized.
    """
    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else answer != _TIME_ERROR
