"""Built-in custom metrics on the host as a whole and on the agent itself."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from devicewarden.collect.proc_figures import (
    cpu_ticks,
    disk_percent,
    memory_percent,
    own_rss_bytes,
)
from devicewarden.collect.soc_temperature import read_soc_temperature
from devicewarden.config.settings import CustomMetricsSettings
from devicewarden.model.metric import CustomValue, Number

Reader: TypeAlias = Callable[[], float | None]
"""Reads one figure; None where the host has none."""

READ_ERRORS: Final = (OSError, LookupError, ValueError)


class System:
    """Reads each figure on its own: one that fails never takes another with it.

    Attributes:
        problems: metric name -> why the last `collect` left it out.
    """

    name = "system"

    def __init__(self, readers: Mapping[str, Reader]) -> None:
        """Read the figures of `readers`, by metric name."""
        self.problems: Mapping[str, str] = {}
        self._readers = readers

    def collect(self) -> Mapping[str, CustomValue]:
        values: dict[str, CustomValue] = {}
        problems: dict[str, str] = {}
        for metric, read in self._readers.items():
            try:
                figure = read()
            except READ_ERRORS as error:
                problems[metric] = f"{type(error).__name__}: {error}"
                continue
            if figure is not None:
                values[metric] = Number(round(figure, 2))
        self.problems = problems
        return values


class Share:
    """How much of a growing total was used since the last call, in percent.

    The first call gives None, and so does one between which the total did not grow.
    """

    def __init__(self, read: Callable[[], tuple[float, float]]) -> None:
        """Read (used, total) by `read`, both since some common beginning."""
        self._read = read
        self._before: tuple[float, float] | None = None

    def __call__(self) -> float | None:
        """Read again."""
        used, total = self._read()
        before, self._before = self._before, (used, total)
        if before is None or total <= before[1]:
            return None
        return max(0.0, 100 * (used - before[0]) / (total - before[1]))


def system_readers(
    settings: CustomMetricsSettings, proc: Path = Path("/proc")
) -> Mapping[str, Reader]:
    """Name a reader for each figure that `custom_metrics.built_in` asks for."""
    cpu, agent = Share(lambda: cpu_ticks(proc)), Share(_agent_cpu)
    readers: dict[str, Reader] = {
        # The kernel's idle time can go back a little, then more than all was used.
        "cpu_percent": lambda: _at_most_100(cpu()),
        "memory_percent": lambda: memory_percent(proc),
        "disk_percent": lambda: disk_percent(settings.disk_path),
        "load_1m": lambda: os.getloadavg()[0],
        "soc_temperature_celsius": read_soc_temperature,
        "agent_rss_bytes": lambda: own_rss_bytes(proc),
        "agent_cpu_percent": agent,
    }
    return {metric: read for metric, read in readers.items() if metric in settings.built_in}


def _agent_cpu() -> tuple[float, float]:
    """Give (CPU time of all threads, time) in seconds: 100 percent is one core, always busy."""
    return time.process_time(), time.monotonic()


def _at_most_100(percent: float | None) -> float | None:
    return None if percent is None else min(100.0, percent)
