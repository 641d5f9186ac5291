"""The calls that each type of action makes, and those that take it back: one table.

What may be called is what the table names, and the IAM policy that people are shown is made of it.
"""

from collections.abc import Mapping
from typing import Final

from devicewarden.model.action import AccountType

CALLS: Final[Mapping[AccountType, tuple[str, ...]]] = {
    "UPDATE_DEVICE_CERTIFICATE": ("iot:DescribeCertificate", "iot:UpdateCertificate"),
    "UPDATE_CA_CERTIFICATE": ("iot:DescribeCACertificate", "iot:UpdateCACertificate"),
    "ADD_THINGS_TO_THING_GROUP": (
        "iot:DescribeCertificate",
        "iot:ListPrincipalThings",
        "iot:ListThingGroupsForThing",
        "iot:AddThingToThingGroup",
        "iot:RemoveThingFromThingGroup",
    ),
    "REPLACE_DEFAULT_POLICY_VERSION": (
        "iot:ListPolicyVersions",
        "iot:GetPolicyVersion",
        "iot:CreatePolicyVersion",
        "iot:SetDefaultPolicyVersion",
        "iot:DeletePolicyVersion",
    ),
    "ENABLE_IOT_LOGGING": ("iot:GetV2LoggingOptions", "iot:SetV2LoggingOptions"),
    "PUBLISH_FINDING_TO_SNS": ("sns:Publish",),
}
"""Each call is named by the permission that it needs."""

ALL: Final = frozenset({call for calls in CALLS.values() for call in calls})
DENIED_HINT: Final = "see devicewarden mitigate permissions"
