"""Which findings people decided not to hear of."""

from collections.abc import Iterable
from datetime import datetime

from devicewarden.model.audit import identifier_text
from devicewarden.model.finding import Finding, Suppression


class Suppressions:
    """The suppressions in force at one time: one check and one resource each, as in AWS."""

    def __init__(self, recorded: Iterable[Suppression], at: datetime) -> None:
        self._in_force = frozenset(
            (each.check, identifier_text(each.identifier))
            for each in recorded
            if in_force(each, at)
        )

    def cover(self, finding: Finding) -> bool:
        """Tell whether a finding is suppressed."""
        return (finding.check, identifier_text(finding.resource.identifier)) in self._in_force


def in_force(suppression: Suppression, at: datetime) -> bool:
    """Tell whether a suppression has not expired at an aware time."""
    return suppression.expires_at is None or at < suppression.expires_at
