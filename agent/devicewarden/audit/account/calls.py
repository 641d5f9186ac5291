"""The calls that an audit of the account makes, none of which changes anything: one table.

What may be called is what the table names, and the IAM policy that people are shown is made of it.
"""

from collections.abc import Mapping
from typing import Final

from devicewarden.audit.subject import (
    CaCertificate,
    ClientIdUse,
    CognitoPool,
    ConnectionLog,
    DeviceCertificate,
    IotPolicy,
    LoggingOptions,
    RoleAlias,
)
from devicewarden.model.errors import AuditError

_OF_A_ROLE: Final = (
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
)

CALLS: Final[Mapping[type, tuple[str, ...]]] = {
    LoggingOptions: ("iot:GetV2LoggingOptions", "iot:GetLoggingOptions"),
    CaCertificate: ("iot:ListCACertificates", "iot:DescribeCACertificate"),
    IotPolicy: ("iot:ListPolicies", "iot:GetPolicy"),
    RoleAlias: (
        "iot:ListRoleAliases",
        "iot:DescribeRoleAlias",
        *_OF_A_ROLE,
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GetServiceLastAccessedDetails",
    ),
    CognitoPool: (
        "cognito-identity:ListIdentityPools",
        "cognito-identity:GetIdentityPoolRoles",
        *_OF_A_ROLE,
    ),
    ConnectionLog: ("logs:FilterLogEvents",),
    ClientIdUse: ("logs:FilterLogEvents",),
    DeviceCertificate: (
        "iot:ListCertificates",
        "iot:DescribeCertificate",
        "iot:DescribeCACertificate",
    ),
}
"""Class of subjects -> the calls that read them, each named by the permission that it needs."""

ALL: Final = frozenset[str]().union(*CALLS.values())


class CallError(AuditError):
    """A call was refused, or not answered in time, however often it was made."""


class AbsentError(CallError):
    """What was asked for is not there, or no longer."""
