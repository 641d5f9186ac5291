"""Whether this host knows what time it is: TLS, report ids and history depend on it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from devicewarden.doctor.verdict import Verdict, failed, ok, warning

_SKEW: Final = timedelta(days=1)
_HINT: Final = "set the clock: timedatectl set-ntp true, or date --set"


def installed_at() -> datetime:
    """Tell when this program was made: no sane clock shows an earlier time."""
    return datetime.fromtimestamp(Path(__file__).stat().st_mtime, UTC)


def judge_clock(now: datetime, *, made: datetime, synchronized: bool | None) -> Verdict:
    """Judge the clock.

    Args:
        now: what it shows.
        made: when this program was made.
        synchronized: whether somebody keeps it right; None: not known.
    """
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now < made - _SKEW:
        return failed(
            "clock", f"shows {shown}, and this program is of {made:%Y-%m-%d}: it is behind", _HINT
        )
    if synchronized is False:
        return warning("clock", f"shows {shown}, and nothing keeps it right", _HINT)
    return ok("clock", shown)
