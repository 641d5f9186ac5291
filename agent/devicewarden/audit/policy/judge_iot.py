"""Judges AWS IoT policies: too broad, or not saying what was meant."""

from collections.abc import Sequence
from typing import Final

from devicewarden.audit.policy.access import Access
from devicewarden.audit.policy.data_plane import broad_data_plane
from devicewarden.audit.policy.document import Policy
from devicewarden.audit.policy.fault import PolicyFault
from devicewarden.audit.policy.misconfiguration import denied_less_than_meant, mqtt_wildcards_denied

THING_NAME: Final = "${iot:Connection.Thing.ThingName}"


def judge_iot_policy(policies: Sequence[Policy]) -> tuple[PolicyFault, ...]:
    """Judge policies that are attached together for IOT_POLICY_OVERLY_PERMISSIVE_CHECK.

    Args:
        policies: one policy, or all that one certificate, group or identity has together.

    Raises:
        PolicyError: the wildcards take too many steps.

    Source: Device Defender guide, "AWS IoT policies overly permissive"; the rule: `data_plane`.
    """
    return tuple(broad_data_plane(Access(policies), THING_NAME))


def judge_misconfiguration(policies: Sequence[Policy]) -> tuple[PolicyFault, ...]:
    """Judge policies for IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK; false alarms are expected.

    Raises:
        PolicyError: the wildcards take too many steps.

    Source: Device Defender guide, "AWS IoT policy potentially misconfigured"; the rule:
    `misconfiguration`.
    """
    access = Access(policies)
    return (*mqtt_wildcards_denied(access), *denied_less_than_meant(access))
