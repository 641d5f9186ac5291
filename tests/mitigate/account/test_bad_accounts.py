"""What an account may do to actions: each ends in a recorded failure, with the reason."""

import json

import pytest
from tests.mitigate.account.conftest import Cloud
from tests.mitigate.account.scene import ACCOUNT, Memory, account, case, outcomes, planned, runner

from devicewarden.mitigate.account.undo import undo
from devicewarden.model.action import Cause
from devicewarden.model.action_params import (
    AddThingsToThingGroup,
    EnableIotLogging,
    ReplaceDefaultPolicyVersion,
    UpdateCaCertificate,
    UpdateDeviceCertificate,
)
from devicewarden.model.errors import MitigationError

pytestmark = pytest.mark.e2e

BROAD = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
POLICY = {"policyVersionIdentifier": {"policyName": "fleet", "policyVersionId": "1"}}


def document(number: int) -> str:
    """Write a policy document that can be told from others."""
    statement = {"Sid": f"v{number}", "Effect": "Allow", "Action": "iot:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_missing_permission_is_named(cloud: Cloud) -> None:
    own = cloud.certificate()
    cloud.server.refused["iot:UpdateCertificate"] = "AccessDeniedException"

    found = outcomes(
        runner(cloud.calls, Memory(), UpdateDeviceCertificate()), case({"deviceCertificateId": own})
    )

    hint = "see devicewarden mitigate permissions"
    assert found == [("FAILED", f"iot:UpdateCertificate is not allowed ({hint})")]
    assert cloud.status(own) == "ACTIVE"


def test_a_throttled_account_is_asked_so_often_and_no_more(cloud: Cloud) -> None:
    cloud.server.refused["iot:DescribeCertificate"] = "ThrottlingException"
    about = case({"deviceCertificateId": "a" * 64})

    found = outcomes(runner(cloud.calls, Memory(), UpdateDeviceCertificate()), about)

    assert found == [("FAILED", "iot:DescribeCertificate: throttled in each of 2 attempts")]
    assert cloud.server.asked.count("iot:DescribeCertificate") == 2


def test_a_policy_with_five_versions_loses_the_oldest_which_undo_gives_back(cloud: Cloud) -> None:
    cloud.policy(*map(document, range(1, 6)))
    cloud.iot.set_default_policy_version(policyName="fleet", policyVersionId="1")
    ledger = Memory()
    made = runner(cloud.calls, ledger, ReplaceDefaultPolicyVersion())
    (done,) = made.run(case(POLICY), planned(made))
    blank = cloud.versions()

    undo(account(cloud.calls, ledger), done.action_id)

    assert blank == {"1": False, "3": False, "4": False, "5": False, "6": True}
    assert ledger.rows[done.action_id].memory["removedDocument"] == document(2)
    assert cloud.versions() == {"1": True, "3": False, "4": False, "5": False, "7": False}
    given_back = cloud.iot.get_policy_version(policyName="fleet", policyVersionId="7")
    assert given_back["policyDocument"] == document(2)


def test_what_made_room_is_given_back_where_no_version_can_be_made(cloud: Cloud) -> None:
    cloud.policy(*map(document, range(1, 6)))
    cloud.iot.set_default_policy_version(policyName="fleet", policyVersionId="1")
    cloud.server.refused["iot:CreatePolicyVersion"] = "AccessDeniedException"
    ledger = Memory()
    made = runner(cloud.calls, ledger, ReplaceDefaultPolicyVersion())

    ((status, message),) = outcomes(made, case(POLICY))

    (kept,) = ledger.rows.values()
    assert status == "FAILED"
    assert f"version 2, which made room, could not be given back: {document(2)}" in message
    assert kept.memory["removedDocument"] == document(2)


def test_a_policy_that_was_changed_since_stays_as_it_is(cloud: Cloud) -> None:
    cloud.policy(BROAD, document(2))

    ((status, message),) = outcomes(
        runner(cloud.calls, Memory(), ReplaceDefaultPolicyVersion()), case(POLICY)
    )

    assert status == "FAILED"
    assert message.startswith("version 2 holds now, the finding is about 1")
    assert cloud.versions() == {"1": False, "2": True}


def test_undo_leaves_a_policy_alone_that_somebody_mended(cloud: Cloud) -> None:
    cloud.policy(BROAD)
    ledger = Memory()
    made = runner(cloud.calls, ledger, ReplaceDefaultPolicyVersion())
    (done,) = made.run(case(POLICY), planned(made))
    cloud.iot.create_policy_version(
        policyName="fleet", policyDocument=document(3), setAsDefault=True
    )

    undo(account(cloud.calls, ledger), done.action_id)

    assert cloud.versions() == {"1": False, "2": False, "3": True}


def test_undo_tells_that_the_version_before_is_gone(cloud: Cloud) -> None:
    cloud.policy(BROAD)
    ledger = Memory()
    made = runner(cloud.calls, ledger, ReplaceDefaultPolicyVersion())
    (done,) = made.run(case(POLICY), planned(made))
    cloud.iot.delete_policy_version(policyName="fleet", policyVersionId="1")
    cloud.server.refused["iot:SetDefaultPolicyVersion"] = "ResourceNotFoundException"

    with pytest.raises(MitigationError, match="version 1 of fleet was deleted since"):
        undo(account(cloud.calls, ledger), done.action_id)

    assert ledger.rows[done.action_id].record.status == "SUCCESSFUL"


@pytest.mark.parametrize("status", ["INACTIVE", "REVOKED"])
def test_a_certificate_that_cannot_connect_stays_as_it_is(cloud: Cloud, status: str) -> None:
    own = cloud.certificate(status=status)
    ledger = Memory()
    made = runner(cloud.calls, ledger, UpdateDeviceCertificate())
    (done,) = made.run(case({"deviceCertificateId": own}), planned(made))

    undo(account(cloud.calls, ledger), done.action_id)

    assert done.status == "SUCCESSFUL"
    assert cloud.status(own) == status


def test_undo_does_not_wake_a_certificate_that_somebody_revoked(cloud: Cloud) -> None:
    own = cloud.certificate()
    ledger = Memory()
    made = runner(cloud.calls, ledger, UpdateDeviceCertificate())
    (done,) = made.run(case({"deviceCertificateId": own}), planned(made))
    cloud.iot.update_certificate(certificateId=own, newStatus="REVOKED")

    undo(account(cloud.calls, ledger), done.action_id)

    assert cloud.status(own) == "REVOKED"


@pytest.mark.parametrize("params", [UpdateDeviceCertificate(), UpdateCaCertificate()])
def test_a_certificate_that_is_gone_is_told(
    cloud: Cloud, params: UpdateDeviceCertificate | UpdateCaCertificate
) -> None:
    about = case({"deviceCertificateId": "a" * 64, "caCertificateId": "b" * 64})

    ((status, message),) = outcomes(runner(cloud.calls, Memory(), params), about)

    assert status == "FAILED"
    assert "Certificate" in message


def test_a_dynamic_group_takes_nobody_and_what_was_begun_is_taken_back(cloud: Cloud) -> None:
    own = cloud.certificate("gw1")
    for group in ("first", "dynamic"):
        cloud.iot.create_thing_group(thingGroupName=group)
    add = cloud.calls.call

    class Aws:
        """AWS refuses what moto takes."""

        pages = cloud.calls.pages

        def call(self, name: str, **arguments: object) -> object:
            if arguments.get("thingGroupName") == "dynamic":
                cloud.server.refused["iot:AddThingToThingGroup"] = "InvalidRequestException"
            return add(name, **arguments)

    params = AddThingsToThingGroup(("first", "dynamic"))
    about = case({"deviceCertificateId": own})

    found = outcomes(runner(Aws(), Memory(), params), about)  # type: ignore[arg-type]  # as `Calls`

    assert found == [("FAILED", "iot:AddThingToThingGroup: InvalidRequestException no")]
    assert cloud.groups("gw1") == set()


def test_a_certificate_without_things_is_told(cloud: Cloud) -> None:
    about = case({"deviceCertificateId": cloud.certificate()})

    found = outcomes(runner(cloud.calls, Memory(), AddThingsToThingGroup(("quarantine",))), about)

    assert found == [("FAILED", "the certificate belongs to no thing")]


def test_a_violation_moves_its_thing(cloud: Cloud) -> None:
    cloud.certificate("gw1")
    cloud.iot.create_thing_group(thingGroupName="quarantine")
    about = case({}, cause=Cause("violation", "v" * 32), thing="gw1", account="")

    found = outcomes(runner(cloud.calls, Memory(), AddThingsToThingGroup(("quarantine",))), about)

    assert found == [("SUCCESSFUL", "")]
    assert cloud.groups("gw1") == {"quarantine"}


def test_logging_that_was_never_on_is_off_after_undo(cloud: Cloud) -> None:
    options = cloud.logging()
    cloud.server.refused["iot:GetV2LoggingOptions"] = "NotConfiguredException"
    ledger = Memory()
    made = runner(cloud.calls, ledger, EnableIotLogging(f"arn:aws:iam::{ACCOUNT}:role/l", "WARN"))
    (done,) = made.run(case({"account": ACCOUNT}), planned(made))
    on = dict(options)
    cloud.server.refused.clear()

    undo(account(cloud.calls, ledger), done.action_id)

    assert (on["defaultLogLevel"], on["disableAllLogs"]) == ("WARN", False)
    assert (options["defaultLogLevel"], options["disableAllLogs"]) == ("DISABLED", True)


def test_undo_leaves_logging_alone_that_somebody_changed(cloud: Cloud) -> None:
    options = cloud.logging(defaultLogLevel="DISABLED", disableAllLogs=True)
    ledger = Memory()
    made = runner(cloud.calls, ledger, EnableIotLogging(f"arn:aws:iam::{ACCOUNT}:role/l", "WARN"))
    (done,) = made.run(case({"account": ACCOUNT}), planned(made))
    options["defaultLogLevel"] = "DEBUG"

    undo(account(cloud.calls, ledger), done.action_id)

    assert options["defaultLogLevel"] == "DEBUG"


def test_an_account_that_is_gone_is_told(cloud: Cloud) -> None:
    calls = cloud.client(attempts=1, timeout_s=0.2)
    cloud.server.silent.add("iot:DescribeCertificate")
    about = case({"deviceCertificateId": "a" * 64})

    ((status, message),) = outcomes(runner(calls, Memory(), UpdateDeviceCertificate()), about)
    cloud.server.over.set()
    cloud.server.over.clear()

    assert status == "FAILED"
    assert "no answer in 1 attempts" in message
