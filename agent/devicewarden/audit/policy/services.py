"""Which AWS services does a role reach, and how much of them?

Rule used, for AWS's own is not published. A service is administered where an action that nobody
wrote is granted: `dynamodb:*`, `*`, or all but some, on whatever resource. It is reached where any
of its actions is granted. A denial counts where it covers the granted resource.
"""

from collections.abc import Collection, Iterator
from typing import Final

from devicewarden.audit.policy.access import Access, Grant
from devicewarden.audit.policy.fault import PolicyFault, ReasonCode, listed
from devicewarden.audit.policy.glob import FIELD, FRESH, RUN, Pattern

AUDITING: Final = (
    "iam", "cloudtrail", "guardduty", "inspector", "inspector2", "trustedadvisor",
)  # fmt: skip
"""Device Defender guide, "Role alias overly permissive"; inspector2 is Inspector since 2021."""

_LONG: Final = 24
"""Letters of an action's name; that it is longer than what `?` may stand for is all that counts."""
_ANY_ACTION: Final = Pattern((FIELD, ":", RUN))


def broad_services(access: Access, used: Collection[str]) -> Iterator[PolicyFault]:
    """Find grants of all of a service that the role uses.

    Raises:
        PolicyError: the wildcards take too many steps.
    """
    for grant in access.grants():
        broad = [
            f"{service}:*"
            for service in sorted(used)
            if access.allows_action(grant, Pattern((*service.lower(), ":", *(FRESH,) * _LONG)))
        ]
        remedy = '"Action": the calls that the device makes, each by its name'
        yield from _faults(
            grant, "ALLOWS_BROAD_ACCESS_TO_USED_SERVICES", broad, "grants all of", remedy
        )


def auditing_services(access: Access) -> Iterator[PolicyFault]:
    """Find grants of services that guard the account.

    Raises:
        PolicyError: the wildcards take too many steps.
    """
    for grant in access.grants():
        reached = [
            f"{service}:*"
            for service in AUDITING
            if access.allows_action(grant, Pattern((*service, ":", RUN)))
        ]
        remedy = "leave these services out: no device needs them"
        yield from _faults(
            grant, "ALLOWS_ACCESS_TO_SECURITY_AUDITING_SERVICES", reached, "reaches", remedy
        )


def unused_services(access: Access, used: Collection[str]) -> Iterator[PolicyFault]:
    """Find grants of services that the role has not used.

    Raises:
        PolicyError: the wildcards take too many steps.
    """
    known = [Pattern((*service.lower(), ":", RUN)) for service in used]
    for grant in access.grants():
        if access.allows_action(grant, _ANY_ACTION, *known):
            yield from _faults(
                grant,
                "ALLOWS_ACCESS_TO_UNUSED_SERVICES",
                _unused(grant, used),
                "reaches what was not used in the past year:",
                '"Action": only of services that the device uses',
            )


def _unused(grant: Grant, used: Collection[str]) -> list[str]:
    """Name the actions as the statement does: nobody knows what services a wildcard hides."""
    services = {service.lower() for service in used}
    named = [
        action
        for action in grant.statement.actions
        if action.partition(":")[0].lower() not in services
    ]
    return named or [f"NotAction {action}" for action in grant.statement.not_actions]


def _faults(
    grant: Grant, code: ReasonCode, actions: list[str], verb: str, remedy: str
) -> Iterator[PolicyFault]:
    if actions:
        detail = f"{verb} {listed(actions)}"
        yield grant.place.fault(code, actions, grant.written, detail, remedy)
