"""Each action in the account: it tells, it asks, applied twice equals once, and undo restores."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from tests.mitigate.account.conftest import Cloud
from tests.mitigate.account.scene import ACCOUNT, Memory, account, case, outcomes, planned, runner

from devicewarden.mitigate.account.case import Case
from devicewarden.mitigate.account.undo import undo
from devicewarden.model.action_params import (
    AddThingsToThingGroup,
    EnableIotLogging,
    Params,
    ReplaceDefaultPolicyVersion,
    UpdateCaCertificate,
    UpdateDeviceCertificate,
)
from devicewarden.model.errors import MitigationError

pytestmark = pytest.mark.e2e

BROAD = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
ROLE = f"arn:aws:iam::{ACCOUNT}:role/iot-logs"


class Law(NamedTuple):
    """An action, what it is about, and how to look at what it changes."""

    params: Params
    case: Case
    look: Callable[[], Any]
    described: str


def device_certificate(cloud: Cloud) -> Law:
    own = cloud.certificate()
    about = case({"deviceCertificateId": own})
    return Law(UpdateDeviceCertificate(), about, lambda: cloud.status(own), own)


def ca_certificate(cloud: Cloud) -> Law:
    own = cloud.ca()

    def look() -> Any:
        found = cloud.iot.describe_ca_certificate(certificateId=own)
        return found["certificateDescription"]["status"]

    return Law(UpdateCaCertificate(), case({"caCertificateId": own}), look, own)


def thing_groups(cloud: Cloud) -> Law:
    own = cloud.certificate("gw1", "gw2")
    for group in ("quarantine", "watched"):
        cloud.iot.create_thing_group(thingGroupName=group)
    cloud.iot.add_thing_to_thing_group(thingName="gw1", thingGroupName="watched")
    params = AddThingsToThingGroup(("quarantine", "watched"), override_dynamic=True)
    about = case({"issuerCertificateIdentifier": {}}, {"deviceCertificateId": own})
    return Law(params, about, lambda: [cloud.groups("gw1"), cloud.groups("gw2")], "quarantine")


def policy(cloud: Cloud) -> Law:
    cloud.policy(BROAD)
    about = case(policy_version("1"))
    return Law(ReplaceDefaultPolicyVersion(), about, cloud.versions, "fleet")


def logging(cloud: Cloud) -> Law:
    options = cloud.logging(roleArn="arn:aws:iam::1:role/old", defaultLogLevel="ERROR")
    about = case({"account": ACCOUNT})
    return Law(EnableIotLogging(ROLE, "WARN"), about, lambda: dict(options), ROLE)


LAWS = (device_certificate, ca_certificate, thing_groups, policy, logging)


def policy_version(version: str) -> dict[str, Any]:
    return {"policyVersionIdentifier": {"policyName": "fleet", "policyVersionId": version}}


@pytest.fixture(params=LAWS, ids=lambda law: law.__name__)
def law(request: pytest.FixtureRequest, cloud: Cloud) -> Law:
    made: Law = request.param(cloud)
    return made


def test_a_dry_run_tells_what_would_be_done_and_changes_nothing(cloud: Cloud, law: Law) -> None:
    before, ledger = law.look(), Memory()
    made = runner(cloud.calls, ledger, law.params)

    (record,) = made.run(law.case, planned(made, dry_run=True))

    assert (record.status, record.message) == ("SKIPPED", "dry run")
    assert law.described in record.description
    assert law.look() == before
    assert ledger.steps == []


def test_applied_twice_equals_once(cloud: Cloud, law: Law) -> None:
    before = law.look()

    first = outcomes(runner(cloud.calls, Memory(), law.params), law.case)
    once = law.look()
    again = outcomes(runner(cloud.calls, Memory(), law.params), law.case)

    assert first == again == [("SUCCESSFUL", "")]
    assert law.look() == once != before


def test_the_account_tells_whether_it_is_in_effect(cloud: Cloud, law: Law) -> None:
    made = runner(cloud.calls, Memory(), law.params)
    outcomes(made, law.case)

    assert outcomes(made, law.case, dry_run=True) == [("SKIPPED", "dry run; it is in effect")]


def test_undo_restores_once(cloud: Cloud, law: Law) -> None:
    before, ledger = law.look(), Memory()
    made = runner(cloud.calls, ledger, law.params)
    (done,) = made.run(law.case, planned(made))

    first = undo(account(cloud.calls, ledger), done.action_id)
    second = undo(account(cloud.calls, ledger), done.action_id)

    assert law.look() == before
    assert first.status == "UNDONE"
    assert second == first


def test_undo_of_what_was_so_before_changes_nothing(cloud: Cloud, law: Law) -> None:
    outcomes(runner(cloud.calls, Memory(), law.params), law.case)
    before, ledger = law.look(), Memory()
    made = runner(cloud.calls, ledger, law.params)
    (done,) = made.run(law.case, planned(made))

    undo(account(cloud.calls, ledger), done.action_id)

    assert law.look() == before


def test_what_was_never_done_cannot_be_undone(cloud: Cloud) -> None:
    with pytest.raises(MitigationError, match="no action"):
        undo(account(cloud.calls, Memory()), "0" * 32)


def test_the_blank_policy_allows_nothing_and_denies_nobody_who_exists(cloud: Cloud) -> None:
    law = policy(cloud)

    outcomes(runner(cloud.calls, Memory(), law.params), law.case)

    resource = f"arn:aws:iot:eu-west-1:{ACCOUNT}:client/devicewarden-blank-policy"
    assert cloud.statements() == [{"Effect": "Deny", "Action": "iot:Connect", "Resource": resource}]


def test_a_policy_without_a_statement_is_blank(cloud: Cloud) -> None:
    cloud.policy('{"Version":"2012-10-17","Statement":[]}')
    made = runner(cloud.calls, Memory(), ReplaceDefaultPolicyVersion())

    assert outcomes(made, case(policy_version("1"))) == [("SUCCESSFUL", "")]
    assert cloud.versions() == {"1": True}


def test_the_document_of_a_policy_survives_undo(cloud: Cloud) -> None:
    law, ledger = policy(cloud), Memory()
    made = runner(cloud.calls, ledger, law.params)
    (done,) = made.run(law.case, planned(made))

    undo(account(cloud.calls, ledger), done.action_id)

    assert cloud.statements() == json.loads(BROAD)["Statement"]
