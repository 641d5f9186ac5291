"""Only what lasts, and what nobody suppressed, is acted on."""

from dataclasses import replace

import pytest
from tests.mitigate.account.scene import ACCOUNT, START

from devicewarden.mitigate.account.cases import case_of_finding, case_of_violation
from devicewarden.state.finding_records import KeptFinding
from devicewarden.state.violation_records import Violation

OWN, RELATED = {"issuerCertificateIdentifier": {"issuerId": "x"}}, {"deviceCertificateId": "y"}
FINDING = KeptFinding(
    finding_id="f" * 32,
    scope=ACCOUNT,
    check="intermediate-ca-revoked-for-active-device-certificates",
    resource="{}",
    code="INTERMEDIATE_CA_REVOKED_BY_ISSUER",
    severity="CRITICAL",
    suppressed=False,
    opened_at=START,
    seen_at=START,
    closed_at=None,
    document={
        "findingId": "f" * 32,
        "nonCompliantResource": {"resourceIdentifier": OWN},
        "relatedResources": [{"resourceIdentifier": RELATED}],
    },
)
VIOLATION = Violation(
    violation_id="v" * 32,
    profile="p",
    behavior="b",
    kind="in-alarm",
    suppressed=False,
    simulated=False,
    opened_at=START,
    changed_at=START,
    verification="UNKNOWN",
    note="",
)
DOCUMENT = {"thingName": "gw1"}


def test_a_finding_gives_its_resource_and_related_ones() -> None:
    found = case_of_finding(FINDING, ACCOUNT)

    assert found is not None
    assert found.resources == (OWN, RELATED)
    assert found.identifier("deviceCertificateId") == "y"
    assert found.account == ACCOUNT


def test_a_finding_of_the_device_names_no_account() -> None:
    found = case_of_finding(replace(FINDING, scope="device"), ACCOUNT)

    assert found is not None
    assert found.account == ""


@pytest.mark.parametrize(
    "finding",
    [
        pytest.param(replace(FINDING, suppressed=True), id="suppressed"),
        pytest.param(replace(FINDING, closed_at=START), id="resolved"),
        pytest.param(replace(FINDING, scope="000000000000"), id="another account"),
    ],
)
def test_a_finding_that_is_nobodys_concern_is_left_alone(finding: KeptFinding) -> None:
    assert case_of_finding(finding, ACCOUNT) is None


def test_a_violation_gives_its_thing() -> None:
    found = case_of_violation(VIOLATION, DOCUMENT)

    assert found is not None
    assert (found.thing, found.cause.kind) == ("gw1", "violation")


@pytest.mark.parametrize(
    "violation",
    [
        pytest.param(replace(VIOLATION, suppressed=True), id="suppressed"),
        pytest.param(replace(VIOLATION, simulated=True), id="simulated"),
        pytest.param(replace(VIOLATION, kind="alarm-cleared"), id="cleared"),
        pytest.param(replace(VIOLATION, verification="FALSE_POSITIVE"), id="false"),
    ],
)
def test_a_violation_that_is_nobodys_concern_is_left_alone(violation: Violation) -> None:
    assert case_of_violation(violation, DOCUMENT) is None
