"""IAM roles that devices get: by a role alias, or by a Cognito identity pool."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.checks.policies import told
from devicewarden.audit.policy.document import Policy
from devicewarden.audit.policy.fault import PolicyFault
from devicewarden.audit.policy.judge_role import (
    judge_authenticated_role,
    judge_role_alias,
    judge_unauthenticated_role,
    judge_unused_services,
)
from devicewarden.audit.policy.lint import granted_services
from devicewarden.audit.policy.parse import parse_policy
from devicewarden.audit.policy.problem import PolicyError
from devicewarden.audit.subject import CognitoPool, Role, RoleAlias
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding, Resource

_Judge: TypeAlias = Callable[[Sequence[Policy]], tuple[PolicyFault, ...]]

_YEAR: Final = timedelta(days=365)
_READS: Final = "reads of thing administration that are not bound to the device"
_WRITES: Final = "writes of thing administration"
_OTHERS: Final = "administration of AWS IoT beyond things"
_DATA_PLANE: Final = "the data plane of other things"
_NEEDS_ALIAS: Final = "documents in role-alias/ of audit.policies_dir"


class RoleAliasOverlyPermissive:
    """Finds role aliases whose role reaches more than a device needs."""

    subject = RoleAlias
    meta = CheckMeta(
        name="iot-role-alias-overly-permissive",
        title="Roles behind role aliases let a device do its work alone",
        severity="CRITICAL",
        why="Every device that has the alias, stolen ones too, has all that its role has.",
        decides="All documents of the role are judged together, denials and conditions considered."
        " It must not grant all of a service that it uses, services that guard the account,"
        " administration of AWS IoT, or the data plane of other things. Where nobody knows what it"
        " uses, as of documents on disk, every service that it names counts as used.",
        remedy="Name the calls that the device makes, on its own resources:"
        " ${credentials-iot:ThingName}.",
        needs=_NEEDS_ALIAS,
        source="AWS IoT Device Defender audit, IOT_ROLE_ALIAS_OVERLY_PERMISSIVE_CHECK",
        codes={
            "ALLOWS_BROAD_ACCESS_TO_USED_SERVICES": "all of a service that the role uses",
            "ALLOWS_ACCESS_TO_SECURITY_AUDITING_SERVICES": "services that guard the account",
            "ALLOWS_BROAD_ACCESS_TO_IOT_THING_ADMIN_READ_ACTIONS": _READS,
            "ALLOWS_ACCESS_TO_IOT_NON_THING_ADMIN_ACTIONS": _OTHERS,
            "ALLOWS_ACCESS_TO_IOT_THING_ADMIN_WRITE_ACTIONS": _WRITES,
            "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS": _DATA_PLANE,
        },
    )

    def judge(self, subject: RoleAlias, at: datetime) -> Iterator[Finding]:
        def judge(policies: Sequence[Policy]) -> tuple[PolicyFault, ...]:
            used = _used(subject.role, at)
            return judge_role_alias(policies, granted_services(policies) if used is None else used)

        yield from _judge(self.meta, _alias(subject), subject.role, judge)


class RoleAliasUnusedServices:
    """Finds role aliases whose role reaches services that it has not used for a year."""

    subject = RoleAlias
    meta = CheckMeta(
        name="iot-role-alias-allows-access-to-unused-services",
        title="Roles behind role aliases reach only services that they use",
        severity="MEDIUM",
        why="What no device uses only helps who has stolen one.",
        decides="Each service that the role grants must have been used in the last 365 days, as IAM"
        " recorded it. A role whose use nobody records, such as a document on disk, is not judged.",
        remedy="Remove the services that no device uses.",
        needs="the role's last use, which only the account knows",
        source="AWS IoT Device Defender audit,"
        " IOT_ROLE_ALIAS_ALLOWS_ACCESS_TO_UNUSED_SERVICES_CHECK",
        codes={"ALLOWS_ACCESS_TO_UNUSED_SERVICES": "a service that was not used for a year"},
    )

    def judge(self, subject: RoleAlias, at: datetime) -> Iterator[Finding]:
        used = _used(subject.role, at)
        if used is not None:
            yield from _judge(
                self.meta,
                _alias(subject),
                subject.role,
                lambda policies: judge_unused_services(policies, used),
            )


class AuthenticatedCognitoRoleOverlyPermissive:
    """Finds pools whose signed-in identities reach more than their own things."""

    subject = CognitoPool
    meta = CheckMeta(
        name="authenticated-cognito-role-overly-permissive",
        title="Signed-in Cognito identities do not administer AWS IoT",
        severity="CRITICAL",
        why="Every user of the app has what this role has.",
        decides="All documents of the pool's authenticated role are judged together: no"
        " administration of AWS IoT, except reads of the identity's own things.",
        remedy="Leave administration to a service of yours, and grant reads of named things alone.",
        needs="documents in cognito-auth/ of audit.policies_dir",
        source="AWS IoT Device Defender audit, AUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
        codes={
            "ALLOWS_BROAD_ACCESS_TO_IOT_THING_ADMIN_READ_ACTIONS": _READS,
            "ALLOWS_ACCESS_TO_IOT_NON_THING_ADMIN_ACTIONS": _OTHERS,
            "ALLOWS_ACCESS_TO_IOT_THING_ADMIN_WRITE_ACTIONS": _WRITES,
        },
    )

    def judge(self, subject: CognitoPool, at: datetime) -> Iterator[Finding]:
        del at
        if subject.authenticated:
            role = subject.authenticated
            yield from _judge(self.meta, _pool(subject), role, judge_authenticated_role)


class UnauthenticatedCognitoRoleOverlyPermissive:
    """Finds pools whose guests reach administration, or the data plane of others."""

    subject = CognitoPool
    meta = CheckMeta(
        name="unauthenticated-cognito-role-overly-permissive",
        title="Cognito's guests neither administer AWS IoT nor reach the data of others",
        severity="CRITICAL",
        why="Everybody on the Internet has what this role has.",
        decides="All documents of the pool's unauthenticated role are judged together: no"
        " administration of AWS IoT, and no data plane beyond resources bound to the identity.",
        remedy="Grant guests nothing, or resources with ${cognito-identity.amazonaws.com:sub}.",
        needs="documents in cognito-unauth/ of audit.policies_dir",
        source="AWS IoT Device Defender audit,"
        " UNAUTHENTICATED_COGNITO_ROLE_OVERLY_PERMISSIVE_CHECK",
        codes={
            "ALLOWS_ACCESS_TO_IOT_ADMIN_ACTIONS": "administration of AWS IoT",
            "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS": _DATA_PLANE,
        },
    )

    def judge(self, subject: CognitoPool, at: datetime) -> Iterator[Finding]:
        del at
        if subject.unauthenticated:
            role = subject.unauthenticated
            yield from _judge(self.meta, _pool(subject), role, judge_unauthenticated_role)


def _judge(meta: CheckMeta, resource: Resource, role: Role, judge: _Judge) -> Iterator[Finding]:
    name = role.arn or next(iter(resource.identifier.values()))
    try:
        faults = judge([parse_policy(content, key) for key, content in role.documents.items()])
    except PolicyError as error:
        raise AuditError(f"role {name}: {error}", hint=error.hint) from error
    role_itself = (Resource(type="IAM_ROLE", identifier={"iamRoleArn": role.arn}),)
    related = role_itself if role.arn else ()
    for fault in faults:
        reason = f"{fault.policy}: {told(fault)}"
        yield meta.finding(resource, fault.code, reason, remedy=fault.remedy, related=related)


def _used(role: Role, at: datetime) -> Collection[str] | None:
    if role.last_used is None:
        return None
    return {name for name, last in role.last_used.items() if last and at - last <= _YEAR}


def _alias(subject: RoleAlias) -> Resource:
    path = {"path": subject.path} if subject.path else {}
    # A document on disk has no ARN; then its path is what it is known by.
    identifier = {"roleAliasArn": subject.arn} if subject.arn else path
    return Resource(type="ROLE_ALIAS", identifier=identifier, info=path)


def _pool(subject: CognitoPool) -> Resource:
    path = {"path": subject.path} if subject.path else {}
    identifier = {"cognitoIdentityPoolId": subject.pool_id} if subject.pool_id else path
    return Resource(type="COGNITO_IDENTITY_POOL", identifier=identifier, info=path)
