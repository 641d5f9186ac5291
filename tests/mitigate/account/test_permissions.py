"""The IAM policy allows what the configured actions call, and nothing more."""

from typing import Any

import pytest
from tests.mitigate.account.scene import ACCOUNT

from devicewarden.mitigate.account.calls import CALLS
from devicewarden.mitigate.account.permissions import permissions
from devicewarden.model.action import ACCOUNT_TYPES, MitigationAction
from devicewarden.model.action_params import (
    AddThingsToThingGroup,
    EnableIotLogging,
    Params,
    PublishFindingToSns,
    Quarantine,
    ReplaceDefaultPolicyVersion,
    UpdateCaCertificate,
    UpdateDeviceCertificate,
)

ROLE = f"arn:aws:iam::{ACCOUNT}:role/logs"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:findings"
PARAMS = (
    UpdateDeviceCertificate(),
    UpdateCaCertificate(),
    AddThingsToThingGroup(("quarantine",)),
    ReplaceDefaultPolicyVersion(),
    EnableIotLogging(ROLE, "WARN"),
    PublishFindingToSns(TOPIC),
)


def statements(*params: Params) -> list[dict[str, Any]]:
    actions = [MitigationAction(name=f"a{i}", params=each) for i, each in enumerate(params)]
    found: list[dict[str, Any]] = permissions(actions, "aws")["Statement"]
    return found


def allowed(*params: Params) -> set[str]:
    return {call for each in statements(*params) for call in each["Action"]}


@pytest.mark.parametrize("params", PARAMS, ids=lambda params: type(params).__name__)
def test_each_type_is_allowed_its_calls_alone(params: Params) -> None:
    kind = MitigationAction(name="a", params=params).type

    assert allowed(params) - {"iam:PassRole"} == set(CALLS[kind])  # type: ignore[index]  # of the account


def test_every_type_of_the_account_is_in_the_table() -> None:
    assert set(CALLS) == set(ACCOUNT_TYPES)


def test_things_are_added_to_the_configured_groups_alone() -> None:
    (groups,) = [
        each for each in statements(*PARAMS) if "iot:AddThingToThingGroup" in each["Action"]
    ]

    assert groups["Resource"] == [
        "arn:aws:iot:*:*:thing/*",
        "arn:aws:iot:*:*:thinggroup/quarantine",
    ]


def test_the_logging_role_is_passed_to_aws_iot_alone() -> None:
    (role,) = [each for each in statements(*PARAMS) if "iam:PassRole" in each["Action"]]

    assert role == {
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": [ROLE],
        "Condition": {"StringEquals": {"iam:PassedToService": "iot.amazonaws.com"}},
    }


def test_findings_are_published_to_the_configured_topic_alone() -> None:
    (topic,) = statements(PublishFindingToSns(TOPIC))

    assert (topic["Action"], topic["Resource"]) == (["sns:Publish"], [TOPIC])


def test_actions_of_the_device_need_nothing() -> None:
    assert statements(Quarantine()) == []
