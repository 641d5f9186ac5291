"""What jobs changed of the settings, until somebody configures another value."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from devicewarden.config.own_file import read_own
from devicewarden.config.settings import Settings
from devicewarden.model.job import MAX_INTERVAL_S

FILE: Final = "orders.json"
INTERVAL: Final = "report.interval_s"
_MAX_BYTES: Final = 4096


def with_orders(
    settings: Settings, broken_rules: Callable[[Settings], Iterator[object]]
) -> Settings:
    """Follow what jobs ordered; an order that the rules refuse, or that is outdated, is not."""
    match read_orders(Path(settings.state.dir) / FILE):
        case {"report.interval_s": {"value": int(value), "instead_of": int(configured)}}:
            pass
        case _:
            return settings
    if configured != settings.report.interval_s or not 1 <= value <= MAX_INTERVAL_S:
        return settings
    report = dataclasses.replace(settings.report, interval_s=value)
    ordered = dataclasses.replace(settings, report=report)
    return settings if any(broken_rules(ordered)) else ordered


def read_orders(file: Path) -> Any:
    """Read what is ordered, whatever that is; None: nothing that can be read."""
    try:
        return read_own(file, most_bytes=_MAX_BYTES)
    except (OSError, ValueError):
        return None
