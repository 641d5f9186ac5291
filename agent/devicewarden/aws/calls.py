"""What a call to AWS is, and how one fails."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from devicewarden.model.errors import AgentError

IDENTITY: Final = "sts:GetCallerIdentity"
"""Tells the account's number; AWS asks for no permission."""


class CallError(AgentError):
    """A call was refused, or not answered in time, however often it was made."""


class AbsentError(CallError):
    """What was asked for is not there, or no longer."""


class Calls(Protocol):
    """Makes calls to AWS, each named by the permission that it needs: `iot:GetPolicy`."""

    def call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        """Make one call; the answer has the members that AWS documents.

        Raises:
            AbsentError: what it asks for is not there.
            CallError: it was refused or not answered; the missing permission is named.
        """
        ...

    def pages(self, name: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        """Make a call until its list is at its end.

        Raises:
            CallError: as above, or the list leads round in a circle.
        """
        ...
