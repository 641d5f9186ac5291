"""Figures of the whole host, each from one small file of /proc.

psutil reads the same, and the tests hold these to it; in the resident daemon it costs a megabyte.
"""

import os
from pathlib import Path
from typing import Final

_COUNTED: Final = 8
"""user nice system idle iowait irq softirq steal: guest time, behind them, is in user already."""

_WAITING: Final = slice(3, 5)
"""idle and iowait: waiting for a disk is not busy."""


def cpu_ticks(proc: Path) -> tuple[float, float]:
    """Read (busy, total) clock ticks of all processors since boot.

    Raises:
        OSError, ValueError: it cannot be read.

    Source: proc(5), /proc/stat.
    """
    with (proc / "stat").open("rb") as stat:
        name, *fields = stat.readline().split()
    ticks = [int(field) for field in fields[:_COUNTED]]
    if name != b"cpu" or len(ticks) < _COUNTED:
        raise ValueError(f"{proc}/stat does not begin with the processors' ticks")
    total = sum(ticks)
    return total - sum(ticks[_WAITING]), total


def memory_percent(proc: Path) -> float:
    """Read how much of the memory programs cannot have any more, in percent.

    Raises:
        OSError, ValueError, LookupError: it cannot be read.

    Source: proc(5), /proc/meminfo, MemAvailable since Linux 3.14.
    """
    lines = (proc / "meminfo").read_bytes().splitlines()
    figures = {name: rest for name, _, rest in (line.partition(b":") for line in lines)}
    total, available = (int(figures[n].split()[0]) for n in (b"MemTotal", b"MemAvailable"))
    return 100 * (total - available) / total


def disk_percent(path: str) -> float:
    """Read how full a file system is for ordinary users, in percent, as df(1) tells it.

    Raises:
        OSError: there is no such path.
    """
    found = os.statvfs(path)
    used = found.f_blocks - found.f_bfree
    usable = used + found.f_bavail
    return 100 * used / usable if usable else 0.0


def own_rss_bytes(proc: Path) -> int:
    """Read how much memory of this process is resident.

    Raises:
        OSError, ValueError: it cannot be read.

    Source: proc(5), /proc/self/statm, in pages.
    """
    return int((proc / "self/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
