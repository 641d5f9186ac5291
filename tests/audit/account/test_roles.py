"""IAM roles, role aliases and Cognito pools of the account."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from tests.audit.account.cloud import ARN, Cloud

from devicewarden.audit.account import roles as roles_module
from devicewarden.audit.account.calls import AbsentError, CallError
from devicewarden.audit.account.cognito import read_pools
from devicewarden.audit.account.role_aliases import read_role_aliases
from devicewarden.audit.account.roles import Roles
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.subject import CognitoPool, Role, RoleAlias

ROLE = "arn:aws:iam::123456789012:role/service/device"
MANAGED = "arn:aws:iam::aws:policy/Managed"
DOCUMENT = {"Version": "2012-10-17", "Statement": []}
GENERATE, DETAILS = (
    "iam:GenerateServiceLastAccessedDetails",
    "iam:GetServiceLastAccessedDetails",
)
LAST = datetime(2026, 2, 1, 13, tzinfo=timezone(timedelta(hours=1)))
POOL = "eu-west-1:11111111-2222-3333-4444-555555555555"


def details(status: str = "COMPLETED", **more: Any) -> dict[str, Any]:
    used = [{"ServiceNamespace": "iot", "LastAuthenticated": LAST}, {"ServiceNamespace": "s3"}]
    return {"JobStatus": status, "ServicesLastAccessed": used, **more}


def account(**changes: Any) -> Cloud:
    answers: dict[str, Any] = {
        "iot:DescribeRoleAlias": {
            "roleAliasDescription": {"roleAliasArn": f"{ARN}rolealias/a", "roleArn": ROLE}
        },
        "iam:GetRolePolicy": {"PolicyDocument": DOCUMENT},
        "iam:GetPolicy": {"Policy": {"DefaultVersionId": "v7"}},
        "iam:GetPolicyVersion": {"PolicyVersion": {"Document": DOCUMENT}},
        GENERATE: {"JobId": "job"},
        DETAILS: details(),
        "cognito-identity:GetIdentityPoolRoles": {"Roles": {"authenticated": ROLE}},
    }
    pages: dict[str, Any] = {
        "iot:ListRoleAliases": [{"roleAliases": ["a"]}, {"roleAliases": ["b"]}],
        "iam:ListRolePolicies": [{"PolicyNames": ["inline"]}],
        "iam:ListAttachedRolePolicies": [{"AttachedPolicies": [{"PolicyArn": MANAGED}]}],
        "cognito-identity:ListIdentityPools": [{"IdentityPools": [{"IdentityPoolId": POOL}]}],
    }
    renamed = {name.replace("_", ":", 1): answer for name, answer in changes.items()}
    return Cloud({**answers, **renamed}, pages)


def aliases(cloud: Cloud) -> list[RoleAlias | Unreadable]:
    return list(read_role_aliases(cloud, Roles(cloud, every_s=0.001), 2))


def test_a_role_has_its_inline_and_its_attached_documents() -> None:
    role = Roles(account()).role(ROLE)

    assert {name: json.loads(text) for name, text in role.documents.items()} == {
        "inline": DOCUMENT,
        MANAGED: DOCUMENT,
    }


def test_the_version_that_holds_is_asked_for() -> None:
    asked: dict[str, str] = {}

    def version(**arguments: str) -> dict[str, Any]:
        asked.update(arguments)
        return {"PolicyVersion": {"Document": DOCUMENT}}

    Roles(account(iam_GetPolicyVersion=version)).role(ROLE)

    assert asked == {"PolicyArn": MANAGED, "VersionId": "v7"}


def test_a_document_that_is_no_json_is_handed_on_as_it_is() -> None:
    role = Roles(account(iam_GetRolePolicy={"PolicyDocument": "{oops"})).role(ROLE)

    assert role.documents["inline"] == b"{oops"


def test_a_role_that_is_not_there_grants_nothing() -> None:
    cloud = account(iam_GenerateServiceLastAccessedDetails=AbsentError("no such role"))
    cloud.lists["iam:ListRolePolicies"] = [AbsentError("no such role")]

    first, _ = aliases(cloud)

    assert isinstance(first, RoleAlias)
    assert (first.role.documents, first.role.last_used) == ({}, {})


def test_aliases_that_share_a_role_read_it_once() -> None:
    cloud = account()

    found = list(read_role_aliases(cloud, Roles(cloud), 1))

    assert len(found) == 2
    assert cloud.asked.count(GENERATE) == 1


def test_what_a_role_used_is_told_in_utc_and_none_is_never() -> None:
    (first, _) = aliases(account())

    assert isinstance(first, RoleAlias)
    assert first.role.last_used == {"iot": datetime(2026, 2, 1, 12, tzinfo=UTC), "s3": None}


def test_iam_is_asked_until_it_has_summed_up() -> None:
    answers = iter([details("IN_PROGRESS"), details("IN_PROGRESS"), details()])
    cloud = account(iam_GetServiceLastAccessedDetails=lambda **_: next(answers))

    assert "iot" in Roles(cloud, every_s=0.001).last_used(ROLE)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(details("FAILED", Error={"Code": "x"}), "FAILED", id="failed"),
        pytest.param(details("IN_PROGRESS"), "not done within", id="never done"),
        pytest.param(details(IsTruncated=True), "COMPLETED", id="more than a page"),
        pytest.param(CallError(f"{DETAILS} is not allowed"), "is not allowed", id="denied"),
    ],
)
def test_where_iam_does_not_tell_the_role_is_judged_and_the_checks_are_undecided(
    monkeypatch: pytest.MonkeyPatch, answer: Any, reason: str
) -> None:
    monkeypatch.setattr(roles_module, "WITHIN_S", 0.01)
    cloud = account(iam_GetServiceLastAccessedDetails=answer)

    alias, told, *_ = aliases(cloud)

    assert isinstance(alias, RoleAlias)
    assert alias.role.last_used is None
    assert isinstance(told, Unreadable)
    assert told.subjects == (RoleAlias,)
    assert reason in told.reason


def test_a_role_that_may_not_be_read_is_undecided() -> None:
    cloud = account()
    cloud.lists["iam:ListRolePolicies"] = [CallError("iam:ListRolePolicies is not allowed")]

    found = aliases(cloud)

    assert set(found) == {Unreadable((RoleAlias,), "iam:ListRolePolicies is not allowed")}


def pools(roles: dict[str, Any]) -> list[CognitoPool | Unreadable]:
    cloud = account()
    cloud.answers["cognito-identity:GetIdentityPoolRoles"] = roles
    return list(read_pools(cloud, Roles(cloud), 2))


def arns(found: list[CognitoPool | Unreadable]) -> list[tuple[str | None, str | None]]:
    def arn(role: Role | None) -> str | None:
        return role.arn if role else None

    return [
        (arn(each.authenticated), arn(each.unauthenticated))
        for each in found
        if isinstance(each, CognitoPool)
    ]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        pytest.param({}, [(None, None)], id="no roles at all"),
        pytest.param({"Roles": {"authenticated": "r/a"}}, [("r/a", None)], id="users"),
        pytest.param({"Roles": {"unauthenticated": "r/g"}}, [(None, "r/g")], id="guests"),
        pytest.param(
            {"Roles": {"authenticated": "r/a", "unauthenticated": "r/g"}},
            [("r/a", "r/g")],
            id="both",
        ),
        pytest.param(
            {
                "Roles": {"authenticated": "r/a", "unauthenticated": "r/g"},
                "RoleMappings": {
                    "idp": {
                        "Type": "Rules",
                        "RulesConfiguration": {"Rules": [{"RoleARN": "r/b"}, {"RoleARN": "r/a"}]},
                    },
                    "other": {"Type": "Token"},
                },
            },
            [("r/a", "r/g"), ("r/b", None)],
            id="rules choose",
        ),
    ],
)
def test_a_pool_comes_with_each_role_that_its_identities_may_get(
    roles: dict[str, Any], expected: list[tuple[str | None, str | None]]
) -> None:
    assert arns(pools(roles)) == expected
