"""Does a role reach the control plane of AWS IoT?

Rule used, for AWS's own is not published. Actions that write, and those that concern no thing, must
not be granted on any resource. A wildcard such as `iot:*` grants an action only where the resource
can be one of its kind: things and thing groups for the actions of things, anything but clients,
topics and things for the others. An action that is spelt out counts on whatever resource. Actions
that read must be bound: the thing's name begins with a concrete character or a variable.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from devicewarden.audit.policy.access import ANYTHING, Access
from devicewarden.audit.policy.actions import (
    THING_ADMIN_READ,
    THING_ADMIN_WRITE,
    names_action,
    other_admin_actions,
    spells_out,
)
from devicewarden.audit.policy.data_plane import ARN
from devicewarden.audit.policy.fault import PolicyFault, ReasonCode
from devicewarden.audit.policy.glob import FRESH, RUN, Automaton, Pattern, automaton
from devicewarden.audit.policy.remedy import arn_head

_ANY_THING: Final = automaton([Pattern((*ARN, *"thing/", FRESH, RUN))])
_THINGS: Final = automaton(Pattern((*ARN, *kind, RUN)) for kind in ("thing/", "thinggroup/"))
_OTHERS: Final = automaton(
    (*(Pattern((*ARN, *kind, "/", RUN)) for kind in (
        "authorizer", "billinggroup", "cacert", "cert", "job", "policy", "rolealias", "rule",
        "securityprofile", "thinggroup", "thingtype",
    )),
    Pattern((*ARN, FRESH, RUN)))
)  # fmt: skip
"""Kinds that fleets administer; FRESH stands for all the others."""
_LEAVE_OUT: Final = "give this action to an administrator's role, not to a device's"


def admin_writes(
    access: Access, code: ReasonCode = "ALLOWS_ACCESS_TO_IOT_THING_ADMIN_WRITE_ACTIONS"
) -> Iterator[PolicyFault]:
    """Find grants that manage or change things.

    Raises:
        PolicyError: the wildcards take too many steps.
    """
    detail = "lets a device manage or change things"
    yield from _found(access, code, sorted(THING_ADMIN_WRITE), _THINGS, detail)


def admin_reads(access: Access, code: ReasonCode) -> Iterator[PolicyFault]:
    """Find grants that read administrative data of any thing at all.

    Raises:
        PolicyError: the wildcards take too many steps.
    """
    detail = "lets a device read administrative data of things"
    yield from _found(access, code, sorted(THING_ADMIN_READ), _THINGS, detail)


def non_thing_admin(
    access: Access, code: ReasonCode = "ALLOWS_ACCESS_TO_IOT_NON_THING_ADMIN_ACTIONS"
) -> Iterator[PolicyFault]:
    """Find grants that administer anything else: certificates, policies, rules, jobs.

    Raises:
        PolicyError: the wildcards take too many steps.
    """
    actions = list(other_admin_actions(place.statement for place in access.places("Allow")))
    yield from _found(access, code, actions, _OTHERS, "lets a device administer AWS IoT")


def broad_admin_reads(access: Access, thing_name: str) -> Iterator[PolicyFault]:
    """Find grants that read administrative data of every thing.

    Args:
        access: all documents that hold together.
        thing_name: the policy variable that a compliant resource has, as remedies write it.

    Raises:
        PolicyError: the wildcards take too many steps.
    """
    for grant in access.grants():
        broad = [
            action
            for action in sorted(THING_ADMIN_READ)
            if names_action(grant.statement, action)
            and access.reaches(grant, access.denials_of(action), _ANY_THING)
        ]
        if broad:
            yield grant.place.fault(
                "ALLOWS_BROAD_ACCESS_TO_IOT_THING_ADMIN_READ_ACTIONS",
                broad,
                grant.written,
                "reads administrative data of every thing",
                f'"Resource": "{arn_head(grant.written)}thing/{thing_name}"',
            )


def _found(
    access: Access,
    code: ReasonCode,
    actions: Iterable[str],
    kinds: Automaton,
    detail: str,
) -> Iterator[PolicyFault]:
    actions = list(actions)
    for grant in access.grants():
        granted = [
            action
            for action in actions
            if names_action(grant.statement, action)
            and access.reaches(
                grant,
                access.denials_of(action),
                ANYTHING if spells_out(grant.statement, action) else kinds,
            )
        ]
        if granted:
            yield grant.place.fault(code, granted, grant.written, detail, _LEAVE_OUT)
