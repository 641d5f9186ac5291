"""Temperature of the processor, from the kernel's thermal zones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

THERMAL: Final = Path("/sys/class/thermal")
# How zone types of processors begin, the best first: Raspberry Pi, Allwinner, NXP, Qualcomm: cpu;
# Rockchip: soc or package; PCs; older Raspberry Pi and i.MX 6 kernels; Texas Instruments.
PROCESSOR: Final = ("cpu", "soc", "package", "x86_pkg_temp", "bcm2835", "imx_thermal", "main0")
# Drivers answer outside these where the sensor is off.
COLDEST_MILLIDEGREES: Final = -60_000
HOTTEST_MILLIDEGREES: Final = 200_000


def read_soc_temperature(thermal: Path = THERMAL) -> float | None:
    """Read the processor's temperature in degrees Celsius; None where no zone tells it.

    Zones of other parts (battery, radio, board) are never taken for the processor.

    Source: Linux, Documentation/driver-api/thermal/sysfs-api.rst.
    """
    for _, _, zone in sorted(_processor_zones(thermal)):
        millidegrees = _millidegrees(zone)
        if millidegrees is not None:
            return millidegrees / 1000
    return None


def _processor_zones(thermal: Path) -> Iterator[tuple[int, int, Path]]:
    """Give (rank of the type, number, folder) of each zone on the processor."""
    for zone in thermal.glob("thermal_zone*"):
        zone_type = _text(zone / "type").lower()
        number = zone.name.removeprefix("thermal_zone")
        for rank, beginning in enumerate(PROCESSOR):
            if zone_type.startswith(beginning) and number.isdecimal():
                yield rank, int(number), zone
                break


def _millidegrees(zone: Path) -> int | None:
    try:
        value = int(_text(zone / "temp"))
    except ValueError:
        return None
    return value if COLDEST_MILLIDEGREES <= value <= HOTTEST_MILLIDEGREES else None


def _text(path: Path) -> str:
    """Read a short attribute; a driver may answer with an error, which counts as empty."""
    try:
        with path.open("rb") as file:
            return file.read(64).decode("ascii", "replace").strip()
    except OSError:
        return ""
