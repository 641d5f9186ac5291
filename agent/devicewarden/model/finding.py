"""What an audit says: findings, how each check ended, and what people decided not to hear of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

Severity: TypeAlias = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]

ResourceType: TypeAlias = Literal[
    "DEVICE_CERTIFICATE",
    "CA_CERTIFICATE",
    "IOT_POLICY",
    "COGNITO_IDENTITY_POOL",
    "CLIENT_ID",
    "ACCOUNT_SETTINGS",
    "ROLE_ALIAS",
    "IAM_ROLE",
    "ISSUER_CERTIFICATE",
    # Ours: what AWS does not audit.
    "HOST",
    "FILE",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing that a check looked at, as AWS names it.

    Attributes:
        type: kind of resource.
        identifier: one member, as in AWS's `resourceIdentifier`, such as
            `{"deviceCertificateId": "64 hexadecimal digits"}`; ours are `{"path": ...}` and
            `{"host": ...}`. JSON values only.
        info: what else is told of it, AWS's `additionalInfo`.
    """

    type: ResourceType
    identifier: Mapping[str, Any]
    info: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One resource that does not comply with one check.

    Attributes:
        check: name of the check, in kebab case.
        severity: of the check.
        resource: that does not comply.
        code: reason for non-compliance as AWS codes it, or a code of ours.
        reason: the same in words for this resource.
        remedy: what a compliant one looks like, or what to do.
        related: other resources that have to do with it.
    """

    check: str
    severity: Severity
    resource: Resource
    code: str
    reason: str
    remedy: str
    related: tuple[Resource, ...] = ()


CheckStatus: TypeAlias = Literal["COMPLETED_COMPLIANT", "COMPLETED_NON_COMPLIANT", "FAILED"]
"""FAILED is undecided: something could not be read, and that is not compliance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """How one check of an audit ended.

    Attributes:
        check: name of the check, in kebab case.
        status: FAILED where it is undecided for a resource, even with findings at others.
        resources: looked at.
        non_compliant: among them, those with a finding that is not suppressed.
        suppressed: those whose findings are all suppressed.
        undecided: reasons why some could not be judged, each once.
    """

    check: str
    status: CheckStatus
    resources: int
    non_compliant: int
    suppressed: int
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """A recorded, expiring decision not to report a finding.

    Attributes:
        check: name of the check, in kebab case.
        identifier: of the resource, as in `Resource.identifier`.
        expires_at: aware UTC time; None: it never does.
        description: why, at most 1000 characters.
    """

    check: str
    identifier: Mapping[str, Any]
    expires_at: datetime | None
    description: str = ""


def wire_check_name(name: str) -> str:
    """Give a check's name as AWS writes it: `a-b` becomes `A_B_CHECK`."""
    return f"{name.upper().replace('-', '_')}_CHECK"


def check_name(wire_name: str) -> str:
    """Give the name of a check that AWS writes as `A_B_CHECK`: `a-b`."""
    return wire_name.removesuffix("_CHECK").lower().replace("_", "-")
