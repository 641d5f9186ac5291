"""Takes samples: runs every collector, and goes on where one fails."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from devicewarden.collect.collector import Collector
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import RawValue, Sample

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@runtime_checkable
class Closeable(Protocol):
    """A collector that keeps descriptors open, and opens them again when it needs them."""

    def close(self) -> None:
        """Give the descriptors back."""
        ...


@runtime_checkable
class TellsProblems(Protocol):
    """A collector of several values, which leaves out those that are bad and says why.

    Attributes:
        name: as every collector's.
        problems: what was left out of the last reading -> why.
    """

    name: str
    problems: Mapping[str, str]


def utc_now() -> datetime:
    """Read the clock: aware UTC time."""
    return datetime.now(UTC)


def uptime_s() -> float:
    """Read the seconds since boot, suspension included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id() -> str:
    """Read the kernel's boot id, which is another one after every boot.

    Raises:
        CollectError: it cannot be read.
    """
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise CollectError(f"cannot read {_BOOT_ID}: {error}") from error


class Sampler:
    """Runs the same collectors, in order, for every sample."""

    def __init__(
        self,
        collectors: Sequence[Collector],
        *,
        now: Callable[[], datetime] = utc_now,
        uptime: Callable[[], float] = uptime_s,
        boot: str = "",
    ) -> None:
        """Prepare to take samples.

        Args:
            collectors: what to run; names are unique.
            now: the clock, aware UTC.
            uptime: seconds since boot.
            boot: boot id; empty: the kernel's.

        Raises:
            CollectError: the kernel's boot id cannot be read.
        """
        self._collectors = collectors
        # Asked once: a runtime protocol check costs more than a whole quiet collector.
        self._telling = [c for c in collectors if isinstance(c, TellsProblems)]
        self._now = now
        self._uptime = uptime
        self._boot_id = boot or boot_id()

    def take(self) -> Sample:
        """Run every collector once; one that fails is noted, and the others still run."""
        values: dict[str, RawValue] = {}
        failed: dict[str, str] = {}
        taken_at, uptime = self._now(), self._uptime()
        for collector in self._collectors:
            try:
                values.update(collector.collect())
            except CollectError as error:
                failed[collector.name] = str(error)
        for teller in self._telling:
            if teller.problems and teller.name not in failed:
                told = (f"{subject}: {why}" for subject, why in teller.problems.items())
                failed[teller.name] = "; ".join(told)
        return Sample(
            taken_at=taken_at,
            uptime_s=uptime,
            boot_id=self._boot_id,
            values=values,
            failed=failed,
        )

    def close(self) -> None:
        """Give back all descriptors; the next sample opens them again."""
        for collector in self._collectors:
            if isinstance(collector, Closeable):
                collector.close()
