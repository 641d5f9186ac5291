"""What an inventory is: it reads, once, and gives the subjects of checks one by one.

`device/inventory.py` and `account/inventory.py` have one each, made by `open_inventory(settings)`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that should have been a subject, and could not be read.

    An inventory gives it in place of the subject and goes on: every check of these classes ends
    undecided.

    Attributes:
        subjects: classes of the subjects that are missing because of it.
        reason: what could not be read, and why.
    """

    subjects: tuple[type, ...]
    reason: str


class Inventory(Protocol):
    """Reads the device, or the account.

    Attributes:
        scope: `model.audit.DEVICE`, or the account's 12 digits.
        classes: of all subjects that it can give; checks of other classes are not run over it.
    """

    @property
    def scope(self) -> str:
        """Tell what it reads."""
        ...

    @property
    def classes(self) -> frozenset[type]:
        """Tell which subjects there may be."""
        ...

    def subjects(self, wanted: frozenset[type]) -> Iterator[object]:
        """Give the subjects of the wanted classes, or Unreadable; hold no more than a page.

        Raises:
            AuditError: nothing more can be read; all checks end undecided.
        """
        ...
