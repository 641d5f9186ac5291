"""An AWS account is audited over HTTP: moto, and what it lacks by botocore's model."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.e2e.account.filled import (
    IDENTITY,
    NOW,
    Fleet,
    add_logs,
    add_policies,
    add_roles,
    client,
)
from tests.e2e.account.opened import GROUP, opened
from tests.e2e.account.server import ACCOUNT, REGION, AwsServer

from devicewarden.audit import registry
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.runner import run_checks
from devicewarden.audit.subject import DeviceCertificate
from devicewarden.audit.suppress import Suppressions
from devicewarden.cli.main import devicewarden

pytestmark = pytest.mark.e2e


def whole(aws: AwsServer) -> dict[str, str]:
    """Fill the account; give the ids of certificates by name."""
    fleet = Fleet(aws)
    fleet.register()
    add_policies(aws)
    add_roles(aws)
    add_logs(aws, GROUP, fleet.ids["good"])
    return fleet.ids


def expected(ids: dict[str, str]) -> dict[str, str]:
    """Tell by check which resource does not comply; each has others of its kind that do."""
    return {
        "device-certificate-expiring": ids["expiring"],
        "device-certificate-age": ids["old"],
        "device-certificate-key-quality": ids["infineon"],
        "revoked-device-certificate-still-active": ids["revoked"],
        "ca-certificate-expiring": ids["expiring CA"],
        "ca-certificate-key-quality": ids["infineon CA"],
        "revoked-ca-certificate-still-active": ids["revoked CA"],
        "intermediate-ca-revoked-for-active-device-certificates": "CN=revoked CA",
        "iot-policy-overly-permissive": "broad",
        "iot-policy-potential-misconfiguration": "misconfigured",
        "conflicting-client-ids": "gw1",
        "device-certificate-shared": ids["good"],
        "logging-disabled": ACCOUNT,
        "iot-role-alias-overly-permissive": "rolealias/broad",
        "iot-role-alias-allows-access-to-unused-services": "rolealias/broad",
        "authenticated-cognito-role-overly-permissive": "eu-west-1:",
        "unauthenticated-cognito-role-overly-permissive": "eu-west-1:",
        "shared-cognito-identity": IDENTITY,
    }


def test_each_check_finds_what_does_not_comply_and_nothing_else(
    aws: AwsServer, tmp_path: Path
) -> None:
    ids = whole(aws)
    names = expected(ids)
    checks = [check for check in registry.checks() if check.meta.name in names]

    findings, runs = run_checks(opened(aws, tmp_path), checks, Suppressions((), NOW), NOW)

    assert {run.check: run.undecided for run in runs} == dict.fromkeys(names, ())
    assert {run.check: run.non_compliant for run in runs} == dict.fromkeys(names, 1)
    few = {"logging-disabled"}
    assert all(run.resources > 1 for run in runs if run.check not in few | SHARED)
    found = {each.finding.check: str(each.finding.resource.identifier) for each in findings}
    assert all(names[check] in identifier for check, identifier in found.items())


SHARED = {"device-certificate-shared", "shared-cognito-identity"}
"""They judge one log; what complies is in it."""


def test_a_second_audit_fetches_no_certificate_again(aws: AwsServer, tmp_path: Path) -> None:
    Fleet(aws).register()
    first = list(opened(aws, tmp_path).subjects(frozenset({DeviceCertificate})))
    aws.asked.clear()

    second = list(opened(aws, tmp_path).subjects(frozenset({DeviceCertificate})))

    assert "iot:DescribeCertificate" not in aws.asked
    assert "iot:ListCertificates" in aws.asked
    assert len(second) == len(first) == 6


def command(aws: AwsServer, tmp_path: Path, *words: str) -> Result:
    environment = {
        "DEVICEWARDEN_STATE__DIR": str(tmp_path / "state"),
        "DEVICEWARDEN_AUDIT__DIR": str(tmp_path / "audit"),
        "DEVICEWARDEN_AUDIT__REVOCATION_CACHE_DIR": "",
        "DEVICEWARDEN_ACCOUNT__CACHE_DIR": "",
        "DEVICEWARDEN_ACCOUNT__ATTEMPTS": "2",
    }
    account = ("--account", "--region", REGION, "--endpoint-url", aws.url)
    return CliRunner().invoke(
        devicewarden, ["audit", *account, *words], env=environment, standalone_mode=False
    )


def test_the_command_audits_the_account_and_keeps_its_findings(
    aws: AwsServer, tmp_path: Path
) -> None:
    add_policies(aws)
    log = ("--log-group", GROUP, "--since", "12h")

    result = command(
        aws, tmp_path, "--check", "iot-policy-overly-permissive", *log, "--format=json"
    )

    audit = json.loads(result.stdout)
    assert result.return_value == 1
    policies = [
        each["nonCompliantResource"]["resourceIdentifier"]["policyVersionIdentifier"]["policyName"]
        for each in audit["findings"]
    ]
    assert policies == ["broad"]


def test_the_permissions_that_are_printed_are_enough(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole(aws)
    printed = CliRunner().invoke(
        devicewarden, ["audit", "permissions", "--log-group", GROUP], standalone_mode=False
    )
    # moto asks for permission on *, whatever the call is about.
    policy = re.sub(r"arn:aws:logs:[^\"]+", "*", printed.stdout)
    iam = client(aws, "iam")
    iam.create_user(UserName="auditor")
    iam.put_user_policy(UserName="auditor", PolicyName="p", PolicyDocument=policy)
    made = iam.create_access_key(UserName="auditor")["AccessKey"]
    key = made["AccessKeyId"], made["SecretAccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key[1])
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    monkeypatch.setattr("moto.core.responses.ActionAuthenticatorMixin.request_count", 0)
    # moto puts the signed request together otherwise than it came.
    monkeypatch.setattr("moto.iam.access_control.IAMRequest.check_signature", lambda _self: None)

    inventory = opened(aws)
    found = list(inventory.subjects(inventory.classes))

    assert [each for each in found if isinstance(each, Unreadable)] == []
    with pytest.raises(Exception, match="not authorized"):
        client(aws, "iot", *key).create_thing(thingName="x")
