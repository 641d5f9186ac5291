"""Times that an action ends by: seconds that the kernel's own time-outs count, and which boot."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment.

    Attributes:
        at: aware UTC time, for people: a device without a battery may be years wrong.
        uptime_s: counts on whatever the clock does, as the time-outs of nft's sets do.
        boot: names the boot that `uptime_s` counts from.
    """

    at: datetime
    uptime_s: float
    boot: str


def read_clock() -> Instant:
    """Tell what time it is."""
    boot = _BOOT_ID.read_text(encoding="ascii").strip()
    return Instant(datetime.now(UTC), time.monotonic(), boot)
