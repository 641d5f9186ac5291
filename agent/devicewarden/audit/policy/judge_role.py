"""Judges the IAM policies behind role aliases and Cognito identity pools.

All documents of a role, attached and inline, are judged together.
"""

from collections.abc import Collection, Sequence
from itertools import chain
from typing import Final

from devicewarden.audit.policy.access import Access
from devicewarden.audit.policy.data_plane import broad_data_plane
from devicewarden.audit.policy.document import Policy
from devicewarden.audit.policy.fault import PolicyFault, ReasonCode
from devicewarden.audit.policy.services import auditing_services, broad_services, unused_services
from devicewarden.audit.policy.thing_admin import (
    admin_reads,
    admin_writes,
    broad_admin_reads,
    non_thing_admin,
)

DEVICE_THING_NAME: Final = "${credentials-iot:ThingName}"
"""What the credentials provider knows of the device that asked for credentials."""
IDENTITY: Final = "${cognito-identity.amazonaws.com:sub}"


def judge_role_alias(
    policies: Sequence[Policy], used_services: Collection[str]
) -> tuple[PolicyFault, ...]:
    """Judge a role for IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK.

    Args:
        policies: all documents of the role.
        used_services: namespaces of the services that it used in the past year, `dynamodb`.

    Raises:
        PolicyError: the wildcards take too many steps.

    Source: Device Defender guide, "Role alias overly permissive".
    """
    access = Access(policies)
    return tuple(
        chain(
            broad_services(access, used_services),
            auditing_services(access),
            broad_admin_reads(access, DEVICE_THING_NAME),
            non_thing_admin(access),
            admin_writes(access),
            broad_data_plane(access, DEVICE_THING_NAME),
        )
    )


def judge_unused_services(
    policies: Sequence[Policy], used_services: Collection[str]
) -> tuple[PolicyFault, ...]:
    """Judge a role for IOT_ROLE_ALIAS_ALLOWS_ACCESS_TO_UNUSED_SERVICES_CHECK.

    Args:
        policies: all documents of the role.
        used_services: namespaces of the services that it used in the past year.

    Raises:
        PolicyError: the wildcards take too many steps.

    Source: Device Defender guide, "Role alias allows access to unused services".
    """
    return tuple(unused_services(Access(policies), used_services))


def judge_authenticated_role(policies: Sequence[Policy]) -> tuple[PolicyFault, ...]:
    """Judge a role for AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK.

    AWS has no reason code for broad data-plane access here: an authenticated identity needs an
    AWS IoT policy as well, which has its own check.

    Raises:
        PolicyError: the wildcards take too many steps.

    Source: Device Defender guide, "Authenticated Cognito role overly permissive".
    """
    access = Access(policies)
    return tuple(
        chain(broad_admin_reads(access, IDENTITY), non_thing_admin(access), admin_writes(access))
    )


def judge_unauthenticated_role(policies: Sequence[Policy]) -> tuple[PolicyFault, ...]:
    """Judge a role for UNAUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK.

    Raises:
        PolicyError: the wildcards take too many steps.

    Source: Device Defender guide, "Unauthenticated Cognito role overly permissive".
    """
    access = Access(policies)
    code: ReasonCode = "ALLOWS_ACCESS_TO_IOT_ADMIN_ACTIONS"
    return tuple(
        chain(
            admin_reads(access, code),
            non_thing_admin(access, code),
            admin_writes(access, code),
            broad_data_plane(access, IDENTITY),
        )
    )
