"""What this device gives the checks to look at."""

from collections.abc import Iterator
from dataclasses import dataclass

from devicewarden.config.settings import Settings
from devicewarden.model.audit import DEVICE


@dataclass(frozen=True, slots=True)
class DeviceInventory:
    """Reads this device."""

    settings: Settings
    scope: str = DEVICE
    classes: frozenset[type] = frozenset()

    def subjects(self, wanted: frozenset[type]) -> Iterator[object]:
        del wanted
        yield from ()


def open_inventory(settings: Settings) -> DeviceInventory:
    """Make the inventory; nothing is read before it is asked for subjects."""
    return DeviceInventory(settings)
