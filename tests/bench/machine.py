"""What the figures were measured on: without it they say nothing."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psutil


def describe_machine(python: str) -> dict[str, str]:
    """Tell processor, kernel, system and Python, as the reader of a report wants them."""
    version = subprocess.run([python, "-VV"], stdout=subprocess.PIPE, check=True, text=True)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores, {platform.machine()}",
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "python": f"{os.path.realpath(python)}: {version.stdout.strip()}",
        "psutil": psutil.__version__,
        "load_average": f"{os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    """Find the processor's name; an ARM kernel tells that of the board."""
    board = Path("/proc/device-tree/model")
    if board.exists():
        return board.read_text().rstrip("\0")
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "unknown")
