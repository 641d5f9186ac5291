"""An account that refuses, errs, circles or falls silent is undecided; the audit goes on."""

from pathlib import Path

import pytest
from tests.e2e.account.filled import NOW, add_policies, add_roles, document
from tests.e2e.account.opened import opened, reasons
from tests.e2e.account.server import AwsServer

from devicewarden.audit import registry
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.runner import run_checks
from devicewarden.audit.subject import IotPolicy, LoggingOptions, RoleAlias
from devicewarden.audit.suppress import Suppressions
from devicewarden.model.errors import AuditError

pytestmark = pytest.mark.e2e

POLICIES = frozenset({IotPolicy})


@pytest.mark.parametrize(
    ("call", "code"),
    [
        pytest.param("iot:ListPolicies", "AccessDeniedException", id="denied at once"),
        pytest.param("iot:GetPolicy", "UnauthorizedException", id="denied in detail"),
    ],
)
def test_a_permission_that_is_missing_is_named(aws: AwsServer, call: str, code: str) -> None:
    add_policies(aws)
    aws.refused[call] = code

    told = reasons(opened(aws), IotPolicy)

    assert set(told) == {f"{call} is not allowed (see devicewarden audit permissions)"}


def test_a_permission_of_iam_that_is_missing_is_named(aws: AwsServer) -> None:
    add_roles(aws)
    aws.refused["iam:ListRolePolicies"] = "AccessDenied"

    assert set(reasons(opened(aws), RoleAlias)) == {
        "iam:ListRolePolicies is not allowed (see devicewarden audit permissions)"
    }


def test_a_service_that_throttles_is_asked_again_and_then_undecided(aws: AwsServer) -> None:
    aws.refused["iot:ListPolicies"] = "ThrottlingException"

    told = reasons(opened(aws), IotPolicy)

    assert told == ["iot:ListPolicies: throttled in each of 2 attempts"]
    assert aws.asked.count("iot:ListPolicies") == 2


def test_a_service_that_falls_silent_half_way_is_undecided_and_the_audit_goes_on(
    aws: AwsServer,
) -> None:
    add_policies(aws)
    aws.silent.add("iot:GetPolicy")
    inventory = opened(aws, attempts=1, timeout_s=0.2)

    found = list(inventory.subjects(POLICIES | {LoggingOptions}))

    told = {each.reason.split(": ")[1] for each in found if isinstance(each, Unreadable)}
    assert told == {"no answer in 1 attempts"}
    assert any(isinstance(each, LoggingOptions) for each in found)


@pytest.mark.parametrize("tokens", [["a"], ["a", "b", "c"]], ids=["one", "three"])
def test_a_list_that_leads_round_in_a_circle_is_undecided(
    aws: AwsServer, tokens: list[str]
) -> None:
    asked = iter(range(1000))
    aws.answers["iot:ListPolicies"] = lambda _asked: {
        "policies": [],
        "nextMarker": tokens[next(asked) % len(tokens)],
    }

    assert reasons(opened(aws), IotPolicy) == ["iot:ListPolicies: the same page came twice"]


def test_a_policy_that_is_no_json_is_undecided_and_the_others_are_judged(aws: AwsServer) -> None:
    add_policies(aws)
    aws.answers["iot:GetPolicy"] = lambda asked: {
        "policyDocument": (
            "{oops" if "narrow" in asked["path"] else document(("Allow", "iot:*", "*"))
        ),
        "defaultVersionId": "1",
    }
    checks = [each for each in registry.checks() if each.subject is IotPolicy]

    findings, (run, _) = run_checks(opened(aws), checks, Suppressions((), NOW), NOW)

    assert run.status == "FAILED"
    assert [reason.split(": ")[0] for reason in run.undecided] == ["policy narrow"]
    assert len(findings) == 2


def test_an_answer_that_is_a_page_of_html_is_undecided_and_cut(aws: AwsServer) -> None:
    add_roles(aws)
    # moto does not know it, and says so with a page.
    del aws.answers["iam:GenerateServiceLastAccessedDetails"]

    (told, *_) = reasons(opened(aws), RoleAlias)

    assert told.startswith("iam:GenerateServiceLastAccessedDetails: ")
    assert len(told) < 300
    assert "\n" not in told


def test_without_credentials_nothing_is_audited(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    with pytest.raises(AuditError, match="sts:GetCallerIdentity: no credentials"):
        opened(aws)


def test_a_profile_that_is_not_there_is_told(aws: AwsServer) -> None:
    with pytest.raises(AuditError, match="nobody"):
        opened(aws, profile="nobody")
