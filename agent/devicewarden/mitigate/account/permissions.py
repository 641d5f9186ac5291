"""The IAM policy that actions in the account need, made of the table of calls."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from devicewarden.mitigate.account.calls import CALLS
from devicewarden.model.action import ACCOUNT_TYPES, AccountType, MitigationAction
from devicewarden.model.action_params import (
    AddThingsToThingGroup,
    EnableIotLogging,
    PublishFindingToSns,
)

_GROUP_CALLS: Final = ("iot:AddThingToThingGroup", "iot:RemoveThingFromThingGroup")
_RESOURCES: Final[Mapping[str, str]] = {
    "iot:DescribeCertificate": "cert/*",
    "iot:UpdateCertificate": "cert/*",
    "iot:DescribeCACertificate": "cacert/*",
    "iot:UpdateCACertificate": "cacert/*",
    "iot:ListThingGroupsForThing": "thing/*",
    "iot:ListPolicyVersions": "policy/*",
    "iot:GetPolicyVersion": "policy/*",
    "iot:CreatePolicyVersion": "policy/*",
    "iot:SetDefaultPolicyVersion": "policy/*",
    "iot:DeletePolicyVersion": "policy/*",
}
"""Calls for which AWS tells resources apart; the others have none narrower than *."""


def permissions(actions: Iterable[MitigationAction], partition: str) -> dict[str, Any]:
    """Write the policy, with nothing that the configured actions, and undo, do not need.

    Args:
        actions: that are configured; those of the device need nothing here.
        partition: of the ARNs: aws, aws-cn or aws-us-gov.

    Source: actions, resources and condition keys for AWS IoT, service authorization reference.
    """
    by_resources: dict[tuple[str, ...], set[str]] = {}
    for action in actions:
        if action.type in ACCOUNT_TYPES:
            for call, resource in _needed(action, f"arn:{partition}:iot:*:*:"):
                by_resources.setdefault(resource, set()).add(call)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": sorted(calls), "Resource": list(resources)}
            | _condition(calls)
            for resources, calls in sorted(by_resources.items())
        ],
    }


def _needed(action: MitigationAction, iot: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    match action.params:
        case AddThingsToThingGroup(groups):
            own = (f"{iot}thing/*", *(f"{iot}thinggroup/{group}" for group in groups))
            yield from ((call, own) for call in _GROUP_CALLS)
        case PublishFindingToSns(topic_arn):
            yield "sns:Publish", (topic_arn,)
        case EnableIotLogging(role_arn):
            yield "iam:PassRole", (role_arn,)
        case _:
            pass
    for call in CALLS[cast("AccountType", action.type)]:
        if call not in (*_GROUP_CALLS, "sns:Publish"):
            known = _RESOURCES.get(call)
            yield call, (f"{iot}{known}" if known else "*",)


def _condition(calls: set[str]) -> dict[str, Any]:
    if "iam:PassRole" not in calls:
        return {}
    return {"Condition": {"StringEquals": {"iam:PassedToService": "iot.amazonaws.com"}}}
