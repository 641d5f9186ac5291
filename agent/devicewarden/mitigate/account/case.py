"""What actions are done about: one finding, or one violation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devicewarden.model.action import Cause
from devicewarden.model.errors import MitigationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A finding or a violation, as far as actions need it; none of it is trusted.

    Attributes:
        cause: which one it is.
        account: 12 digits, where an audit of the account found it; empty: the device did.
        thing: of a violation; empty: a finding.
        resources: identifiers in AWS's shape, the non-compliant one first, then related ones.
        document: in AWS's shape; times of a finding are seconds since the epoch.
    """

    cause: Cause
    account: str = ""
    thing: str = ""
    resources: tuple[Mapping[str, Any], ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict)

    def identifier(self, member: str) -> Any:
        """Give a member of a resource's identifier, of the non-compliant one first.

        Raises:
            MitigationError: no resource has it.
        """
        for resource in self.resources:
            if resource.get(member):
                return resource[member]
        raise MitigationError(f"the {self.cause.kind} names no {member}")

    def of_the_account(self) -> None:
        """Refuse what a device found: a name on a device need not be that name in the account.

        Raises:
            MitigationError: it was not found in the account.
        """
        if not self.account:
            raise MitigationError(
                "the device found it, not an audit of the account",
                hint="run devicewarden audit --account",
            )
