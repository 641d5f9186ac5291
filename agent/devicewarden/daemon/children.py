"""Processes that do what the daemon is too small for: started, waited for, and gone."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devicewarden.model.errors import ProvisioningError

if TYPE_CHECKING:
    from devicewarden.model.identity import KeyRequest, MadeKey


async def no_audit() -> None:
    """Stand in where nobody can start an audit."""


async def no_audit_now() -> str:
    """Stand in where nobody can start an audit, and say so."""
    return "this agent cannot start audits"


async def no_key(request: "KeyRequest") -> "MadeKey":
    """Stand in where nobody can make a key."""
    raise ProvisioningError(f"this agent cannot make a key for {request.thing}")


async def key_stays(_request: "KeyRequest") -> None:
    """Stand in where nobody can remove a key from a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """What other processes do.

    Attributes:
        audit: runs the audits that are due.
        audit_now: runs an audit, due or not; tells why it failed, or nothing.
        make_key: makes a key and a request for a certificate; raises ProvisioningError.
        remove_key: removes a key from its token; raises ProvisioningError.
    """

    audit: Callable[[], Awaitable[None]] = no_audit
    audit_now: Callable[[], Awaitable[str]] = no_audit_now
    make_key: "Callable[[KeyRequest], Awaitable[MadeKey]]" = no_key
    remove_key: "Callable[[KeyRequest], Awaitable[None]]" = key_stays
