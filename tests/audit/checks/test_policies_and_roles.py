"""Policies of AWS IoT, and of roles, as subjects of checks."""

import json
from datetime import datetime
from typing import Any

import pytest
from tests.audit.certificates import AT, DAY, codes, judged

from devicewarden.audit.checks.conflicting_client_ids import ConflictingClientIds
from devicewarden.audit.checks.policies import (
    IotPolicyOverlyPermissive,
    IotPolicyPotentialMisconfiguration,
)
from devicewarden.audit.checks.roles import (
    AuthenticatedCognitoRoleOverlyPermissive,
    RoleAliasOverlyPermissive,
    RoleAliasUnusedServices,
    UnauthenticatedCognitoRoleOverlyPermissive,
)
from devicewarden.audit.subject import ClientIdUse, CognitoPool, IotPolicy, Role, RoleAlias
from devicewarden.model.errors import AuditError

ARN = "arn:aws:iot:eu-west-1:123456789012:"
ROLE = "arn:aws:iam::123456789012:role/device"
ALIAS = f"{ARN}rolealias/device"


def document(*statements: tuple[str, str, str]) -> bytes:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": effect, "Action": action, "Resource": resource}
                for effect, action, resource in statements
            ],
        }
    ).encode()


def policy(*statements: tuple[str, str, str]) -> IotPolicy:
    return IotPolicy(name="gateway", version="3", document=document(*statements), path="/p.json")


def alias(content: bytes, last_used: dict[str, datetime | None] | None = None) -> RoleAlias:
    role = Role(arn=ROLE, documents={"inline": content}, last_used=last_used)
    return RoleAlias(arn=ALIAS, role=role)


NARROW = policy(
    ("Allow", "iot:Publish", f"{ARN}topic/$aws/things/${{iot:Connection.Thing.ThingName}}/*")
)
BROAD = policy(("Allow", "iot:Publish", "*"))


def test_a_broad_policy_does_not_comply_and_the_finding_says_where() -> None:
    (found,) = judged(IotPolicyOverlyPermissive(), BROAD)

    version = {"policyName": "gateway", "policyVersionId": "3"}
    assert found.resource.identifier == {"policyVersionIdentifier": version}
    assert found.reason.startswith("Statement[0], line 1, iot:Publish on *: ")
    assert "topic/" in found.remedy


def test_a_narrow_policy_complies() -> None:
    assert codes(IotPolicyOverlyPermissive(), NARROW) == []
    assert codes(IotPolicyPotentialMisconfiguration(), NARROW) == []


def test_a_denial_with_an_mqtt_wildcard_does_not_comply() -> None:
    denied = policy(
        ("Allow", "iot:Subscribe", f"{ARN}topicfilter/*"),
        ("Deny", "iot:Subscribe", f"{ARN}topicfilter/secret/#"),
    )

    found = codes(IotPolicyPotentialMisconfiguration(), denied)

    assert "POLICY_CONTAINS_MQTT_WILDCARDS_IN_DENY_STATEMENT" in found


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[" * 50_000, id="deep"),
        pytest.param(b'{"Statement": "' + b"x" * (10 << 20) + b'"}', id="10 MB"),
    ],
)
def test_what_is_no_policy_is_undecided_for_every_check(content: bytes) -> None:
    role = Role(arn=ROLE, documents={"inline": content})
    pool = CognitoPool(pool_id="", authenticated=role, unauthenticated=role, path="/pool.json")
    subjects: list[tuple[Any, object]] = [
        (IotPolicyOverlyPermissive(), IotPolicy(name="p", version="1", document=content)),
        (IotPolicyPotentialMisconfiguration(), IotPolicy(name="p", version="1", document=content)),
        (RoleAliasOverlyPermissive(), alias(content)),
        (RoleAliasUnusedServices(), alias(content, {})),
        (AuthenticatedCognitoRoleOverlyPermissive(), pool),
        (UnauthenticatedCognitoRoleOverlyPermissive(), pool),
    ]

    for check, subject in subjects:
        with pytest.raises(AuditError):
            codes(check, subject)


def test_a_role_that_guards_the_account_does_not_comply() -> None:
    (found,) = judged(
        RoleAliasOverlyPermissive(), alias(document(("Allow", "iam:ListUsers", "*")), {"s3": AT})
    )

    assert found.code == "ALLOWS_ACCESS_TO_SECURITY_AUDITING_SERVICES"
    assert found.resource.identifier == {"roleAliasArn": ALIAS}
    assert found.related[0].identifier == {"iamRoleArn": ROLE}


def test_a_role_for_one_call_complies() -> None:
    narrow = document(("Allow", "s3:GetObject", "arn:aws:s3:::firmware/*"))

    assert codes(RoleAliasOverlyPermissive(), alias(narrow)) == []


@pytest.mark.parametrize(
    ("last_used", "expected"),
    [
        pytest.param({"s3": AT - 364 * DAY}, [], id="within the year"),
        pytest.param({"s3": AT - 366 * DAY}, ["ALLOWS_ACCESS_TO_UNUSED_SERVICES"], id="before"),
        pytest.param({"s3": None}, ["ALLOWS_ACCESS_TO_UNUSED_SERVICES"], id="never"),
        pytest.param(None, [], id="nobody knows"),
    ],
)
def test_a_service_that_was_not_used_for_a_year_does_not_comply(
    last_used: dict[str, datetime | None] | None, expected: list[str]
) -> None:
    content = document(("Allow", "s3:GetObject", "arn:aws:s3:::firmware/*"))

    assert codes(RoleAliasUnusedServices(), alias(content, last_used)) == expected


@pytest.mark.parametrize(
    ("action", "complies"), [("iot:DeleteThing", False), ("s3:GetObject", True)]
)
def test_identities_of_a_pool_do_not_administer_things(action: str, *, complies: bool) -> None:
    role = Role(arn="", documents={"inline": document(("Allow", action, "*"))})
    signed_in = CognitoPool(pool_id="", authenticated=role, unauthenticated=None, path="/in.json")
    guests = CognitoPool(pool_id="", authenticated=None, unauthenticated=role, path="/out.json")

    assert (codes(AuthenticatedCognitoRoleOverlyPermissive(), signed_in) == []) == complies
    assert (codes(UnauthenticatedCognitoRoleOverlyPermissive(), guests) == []) == complies
    assert codes(AuthenticatedCognitoRoleOverlyPermissive(), guests) == []
    assert codes(UnauthenticatedCognitoRoleOverlyPermissive(), signed_in) == []


@pytest.mark.parametrize(
    ("days_ago", "found"),
    [
        pytest.param((), False, id="never"),
        pytest.param((1, 2), False, id="as often as people do"),
        pytest.param((1, 2, 3), True, id="more often"),
        pytest.param((32, 33, 34, 35), False, id="long ago"),
        pytest.param((-1, -2, -3), False, id="in the future"),
    ],
)
def test_a_client_id_that_two_devices_use_does_not_comply(
    days_ago: tuple[int, ...], *, found: bool
) -> None:
    use = ClientIdUse(
        client_id="gateway", taken_over=tuple(AT - n * DAY for n in days_ago), forgiven=2
    )

    expected = ["DUPLICATE_CLIENT_ID_ACROSS_CONNECTIONS"] if found else []
    assert codes(ConflictingClientIds(), use) == expected


def test_the_newest_takeovers_are_told() -> None:
    times = tuple(AT - n * DAY / 24 for n in range(1, 50))

    (found,) = judged(ConflictingClientIds(), ClientIdUse(client_id="gateway", taken_over=times))

    assert found.resource.identifier == {"clientId": "gateway"}
    assert found.resource.info["takenOverAt"].startswith(
        "2026-03-01T11:00:00Z, 2026-03-01T10:00:00Z"
    )
    assert found.resource.info["takenOverAt"].count("Z") == 10
