"""What is planned is done once, in order, and recorded before it acts."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.mitigate.account.scene import FINDING, Memory, account, case, outcomes, planned, runner

from devicewarden.aws.calls import CallError
from devicewarden.mitigate.account.undo import undo
from devicewarden.model.action_params import (
    PublishFindingToSns,
    Quarantine,
    ReplaceDefaultPolicyVersion,
    UpdateDeviceCertificate,
)
from devicewarden.model.errors import MitigationError

TOPIC = PublishFindingToSns("arn:aws:sns:eu-west-1:123456789012:findings")
CERTIFICATE = case({"deviceCertificateId": "a" * 64})
DEACTIVATE = UpdateDeviceCertificate()


class Aws:
    """Has one certificate; `broken` are calls that fail."""

    def __init__(self, *broken: str) -> None:
        self.status = "ACTIVE"
        self.broken = set(broken)
        self.asked: list[str] = []

    def call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        self.asked.append(name)
        if name in self.broken:
            raise CallError(f"{name} failed")
        if name == "iot:UpdateCertificate":
            self.status = arguments["newStatus"]
        return {"certificateDescription": {"status": self.status}}

    def pages(self, name: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        yield self.call(name, **arguments)


def test_each_cause_is_acted_on_once() -> None:
    aws, ledger = Aws(), Memory()
    made = runner(aws, ledger, TOPIC)

    first, second = outcomes(made, CERTIFICATE), outcomes(made, CERTIFICATE)

    assert (first, second) == ([("SUCCESSFUL", "")], [])
    assert aws.asked == ["sns:Publish"]


def test_one_that_fails_skips_the_rest_of_its_finding_alone() -> None:
    aws = Aws("sns:Publish")
    made = runner(aws, Memory(), TOPIC, DEACTIVATE)

    found = outcomes(made, CERTIFICATE)

    assert found == [
        ("FAILED", "sns:Publish failed"),
        ("SKIPPED", "an action before it was not done"),
    ]
    assert aws.status == "ACTIVE"


def test_the_next_finding_is_acted_on_all_the_same() -> None:
    aws, ledger = Aws("sns:Publish"), Memory()
    made = runner(aws, ledger, TOPIC, DEACTIVATE)
    outcomes(made, CERTIFICATE)
    aws.broken.clear()

    found = outcomes(made, replace(CERTIFICATE, cause=replace(FINDING, id="e" * 32)))

    assert [status for status, _ in found] == ["SUCCESSFUL", "SUCCESSFUL"]


def test_what_failed_is_done_again_only_when_asked_to() -> None:
    aws, ledger = Aws("sns:Publish"), Memory()
    made = runner(aws, ledger, TOPIC, DEACTIVATE)
    outcomes(made, CERTIFICATE)
    aws.broken.clear()

    by_itself = outcomes(made, CERTIFICATE)
    asked = outcomes(replace(made, retry=True), CERTIFICATE)

    assert by_itself == []
    assert asked == [("SUCCESSFUL", ""), ("SUCCESSFUL", "")]
    assert aws.status == "INACTIVE"


def test_how_things_were_is_recorded_before_anything_is_changed() -> None:
    aws, ledger = Aws("iot:UpdateCertificate"), Memory()
    outcomes(runner(aws, ledger, DEACTIVATE), CERTIFICATE)

    (kept,) = ledger.rows.values()

    assert ledger.steps == ["IN_PROGRESS", "FAILED"]
    assert kept.memory == {"certificateId": "a" * 64, "status": "ACTIVE"}


def test_what_a_killed_process_began_is_finished_and_can_be_undone() -> None:
    aws, ledger = Aws(), Memory()
    made = runner(aws, ledger, DEACTIVATE)
    (done,) = made.run(CERTIFICATE, planned(made))
    kept = ledger.rows[done.action_id]
    ledger.keep(replace(kept, record=replace(done, status="IN_PROGRESS", ended_at=None)))

    again = outcomes(made, CERTIFICATE)
    undo(account(aws, ledger), done.action_id)

    assert again == [("SUCCESSFUL", "")]
    assert aws.status == "ACTIVE"


def test_what_failed_without_an_answer_but_took_effect_can_be_undone() -> None:
    aws, ledger = Aws(), Memory()
    made = replace(runner(aws, ledger, DEACTIVATE), retry=True)
    (done,) = made.run(CERTIFICATE, planned(made))
    kept = ledger.rows[done.action_id]
    ledger.keep(replace(kept, record=replace(done, status="FAILED", message="no answer")))

    outcomes(made, CERTIFICATE)
    undo(account(aws, ledger), done.action_id)

    assert aws.status == "ACTIVE"


def test_what_was_undone_is_not_done_again() -> None:
    aws, ledger = Aws(), Memory()
    made = runner(aws, ledger, DEACTIVATE)
    (done,) = made.run(CERTIFICATE, planned(made))
    undo(account(aws, ledger), done.action_id)

    assert outcomes(made, CERTIFICATE) == []
    assert aws.status == "ACTIVE"


def test_a_type_that_is_not_allowed_stays_undone_and_can_be_allowed_later() -> None:
    aws, ledger = Aws(), Memory()
    made = runner(aws, ledger, DEACTIVATE, allow=())
    dry = outcomes(made, CERTIFICATE, dry_run=True)
    refused, repeated = outcomes(made, CERTIFICATE), outcomes(made, CERTIFICATE)

    allowed = outcomes(runner(aws, ledger, DEACTIVATE), CERTIFICATE)

    reason = "UPDATE_DEVICE_CERTIFICATE is not in mitigate.allow"
    assert dry == [("SKIPPED", f"dry run; {reason}")]
    assert (refused, repeated) == ([("SKIPPED", reason)], [])
    assert allowed == [("SUCCESSFUL", "")]


def test_actions_of_the_device_are_left_to_the_device() -> None:
    assert outcomes(runner(Aws(), Memory(), Quarantine()), CERTIFICATE) == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_finding_of_another_resource_is_refused(dry_run: bool) -> None:  # noqa: FBT001  a row
    made = runner(Aws(), Memory(), DEACTIVATE)

    found = outcomes(made, case({"caCertificateId": "b" * 64}), dry_run=dry_run)

    assert found == [("FAILED", "the finding names no deviceCertificateId")]


def test_a_policy_that_a_device_found_is_not_replaced_in_the_account() -> None:
    version = {"policyVersionIdentifier": {"policyName": "fleet", "policyVersionId": "1"}}
    made = runner(Aws(), Memory(), ReplaceDefaultPolicyVersion())

    ((status, message),) = outcomes(made, case(version, account=""))

    assert status == "FAILED"
    assert message.startswith("the device found it")


def test_an_answer_without_what_aws_documents_is_a_failure() -> None:
    version = {"policyVersionIdentifier": {"policyName": "fleet", "policyVersionId": "1"}}
    made = runner(Aws(), Memory(), ReplaceDefaultPolicyVersion())

    assert outcomes(made, case(version)) == [("FAILED", "the answer has no 'policyVersions'")]


def test_what_another_account_did_is_not_undone_here() -> None:
    aws, ledger = Aws(), Memory()
    made = runner(aws, ledger, DEACTIVATE)
    (done,) = made.run(CERTIFICATE, planned(made))

    with pytest.raises(MitigationError, match="no action"):
        undo(replace(account(aws, ledger), number="000000000000"), done.action_id)
