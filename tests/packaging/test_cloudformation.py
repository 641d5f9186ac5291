"""The template of AWS's side: sound for cfn-lint, and of one mind with the agent."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cfnlint import api
from cfnlint.decode.decode import decode_str
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from devicewarden.audit.policy.lint import lint_policy
from devicewarden.audit.registry import checks
from devicewarden.config.settings import Settings, ThingSettings
from devicewarden.model.finding import wire_check_name
from devicewarden.publish.device_policy import Account, device_policy

TEXT = (Path(__file__).parents[2] / "packaging/cloudformation/devicewarden.yaml").read_text()
ACCOUNT = Account("eu-central-1", "123456789012")
FILLED = {
    "${AWS::AccountId}": ACCOUNT.number,
    "${AWS::Partition}": "aws",
    "${AWS::Region}": ACCOUNT.region,
    "${FleetName}": "devicewarden",
    "${!": "${",
}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    template, faults = decode_str(TEXT)
    assert (faults, template is None) == ([], False)
    found: dict[str, Any] = filled(template)["Resources"]
    return found


def filled(value: Any) -> Any:
    """Do what CloudFormation does with `Fn::Sub`; other functions stay as they are."""
    match value:
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{(?:!|[\w:]+\})", lambda found: FILLED[found[0]], text)
        case dict():
            return {str(key): filled(each) for key, each in value.items()}
        case list():
            return [filled(each) for each in value]
        case _:
            return value


def document(resources: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = resources[name]["Properties"]["PolicyDocument"]
    return found


def test_cfn_lint_has_nothing_to_say_and_is_told_to_ignore_nothing() -> None:
    found = api.lint(TEXT, regions=["eu-central-1", "us-east-1", "ap-southeast-2"])

    assert [str(match) for match in found] == []
    assert "cfn-lint" not in TEXT


def test_its_device_policy_is_what_setup_prints(resources: dict[str, Any]) -> None:
    settings = replace(Settings(), thing=ThingSettings("gw-1", "gw-1"))

    printed = device_policy(settings, ACCOUNT, literal=False)

    assert document(resources, "DevicePolicy") == printed


@pytest.mark.parametrize("name", ["DevicePolicy", "QuarantinePolicy"])
def test_its_policies_have_no_fault_that_an_audit_would_find(
    resources: dict[str, Any], name: str
) -> None:
    linted = lint_policy(json.dumps(document(resources, name)).encode(), name)

    assert (linted.problems, linted.faults) == ((), ())


def test_quarantine_allows_to_connect_and_jobs_alone(resources: dict[str, Any]) -> None:
    connect, *others = document(resources, "QuarantinePolicy")["Statement"]
    named = [resource for each in others for resource in each["Resource"]]

    assert connect == document(resources, "DevicePolicy")["Statement"][0]
    assert {each.partition("ThingName}/")[2] for each in named} == {"jobs/*"}
    assert {each["Effect"] for each in others} == {"Allow"}


def test_every_check_of_aws_is_enabled_scheduled_and_known_to_the_agent(
    resources: dict[str, Any],
) -> None:
    enabled = resources["AccountAudit"]["Properties"]["AuditCheckConfigurations"]
    scheduled = resources["DailyAudit"]["Properties"]["TargetCheckNames"]
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(
        ACCOUNT.region, resources["AccountAudit"]["Type"]
    ).schema

    assert set(enabled) == set(schema["definitions"]["AuditCheckConfigurations"]["properties"])
    assert all(each["Enabled"] for each in enabled.values())
    assert sorted(each.lower() for each in enabled) == sorted(
        name.replace("_", "").lower() for name in scheduled
    )
    assert set(scheduled) <= {wire_check_name(check.meta.name) for check in checks()}
