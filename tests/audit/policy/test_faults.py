"""A fault names its statement, its action and its resource, and shows a compliant one."""

import json

import pytest
from botocore.loaders import Loader

from devicewarden.audit.policy.actions import (
    DATA_PLANE,
    THING_ADMIN_READ,
    THING_ADMIN_WRITE,
    UNBOUND_DATA_PLANE,
)
from devicewarden.audit.policy.admin_actions import NON_THING_ADMIN
from devicewarden.audit.policy.fault import PolicyFault
from devicewarden.audit.policy.judge_iot import judge_iot_policy
from devicewarden.audit.policy.judge_role import judge_unused_services
from devicewarden.audit.policy.lint import granted_services, lint_policy
from devicewarden.audit.policy.parse import parse_policy
from devicewarden.audit.policy.problem import PolicyError
from devicewarden.audit.policy.versions import PolicyVersion, default_version

ARN = "arn:aws-cn:iot:cn-north-1:123456789012:"


def allow(action: str | list[str], resource: str, sid: str = "Wide") -> bytes:
    statement = {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()


def test_a_fault_says_all_that_is_needed_to_mend_it() -> None:
    policy = parse_policy(allow(["iot:Connect", "iot:Receive"], f"{ARN}client/*"), "line-a")

    (fault,) = judge_iot_policy([policy])

    assert fault == PolicyFault(
        code="ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS",
        policy="line-a",
        statement=0,
        sid="Wide",
        line=1,
        column=41,
        action="iot:Connect",
        resource=f"{ARN}client/*",
        detail="lets a client connect under any client id",
        remedy=f'"Resource": "{ARN}client/${{iot:Connection.Thing.ThingName}}", '
        '"Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}',
    )


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("iot:Publish", "topic/*"),
        ("iot:Subscribe", "topicfilter/#"),
        ("iot:GetThingShadow", "thing/*"),
        ("iot:DeleteConnection", "client/*"),
    ],
)
def test_a_remedy_complies(action: str, kind: str) -> None:
    (fault,) = judge_iot_policy([parse_policy(allow(action, ARN + kind))])
    remedy = fault.remedy.removeprefix('"Resource": "').split('"')[0]

    assert judge_iot_policy([parse_policy(allow(action, remedy))]) == ()


def test_many_actions_are_counted() -> None:
    linted = lint_policy(allow("iot:*", "*"), "all", "cognito-auth")

    assert any(" more" in fault.action for fault in linted.faults)


def test_nobody_knows_what_was_used_then_unused_services_are_not_judged() -> None:
    content = allow(["s3:*", "dynamodb:PutItem"], "*")

    linted = lint_policy(content, "role", "role-alias")

    assert {fault.code for fault in linted.faults} == {"ALLOWS_BROAD_ACCESS_TO_USED_SERVICES"}
    assert granted_services([parse_policy(content)]) == {"iot", "s3", "dynamodb"}


def test_unused_services_are_named() -> None:
    policy = parse_policy(allow(["s3:GetObject", "SQS:SendMessage", "dyn*:*"], "*"))

    (fault,) = judge_unused_services([policy], {"s3"})

    assert fault.action == "SQS:SendMessage, dyn*:*"


def test_every_action_of_the_service_is_in_one_of_the_tables() -> None:
    loader = Loader()
    operations = {
        f"{prefix}:{name}"
        for service, prefix in (
            ("iot", "iot"), ("iot-data", "iot"), ("iot-jobs-data", "iotjobsdata"),
        )
        for name in loader.load_service_model(service, "service-2")["operations"]
    }  # fmt: skip
    tables = (DATA_PLANE, UNBOUND_DATA_PLANE, THING_ADMIN_READ, THING_ADMIN_WRITE, NON_THING_ADMIN)

    # A command on a thing is started by an operator, and no table of the guide has it.
    assert operations - set().union(*tables) <= {"iotjobsdata:StartCommandExecution"}
    assert sum(map(len, tables)) == len(set().union(*tables))


def test_the_default_version_is_judged_and_the_others_are_listed() -> None:
    versions = [PolicyVersion("3", is_default=False), PolicyVersion("2", is_default=True)]

    assert default_version(versions) == (versions[1], ("3",))


@pytest.mark.parametrize("defaults", [(), (False, False), (True, True)])
def test_without_one_default_version_nothing_is_judged(defaults: tuple[bool, ...]) -> None:
    versions = [PolicyVersion(str(i), is_default=each) for i, each in enumerate(defaults)]

    with pytest.raises(PolicyError, match="default"):
        default_version(versions)
