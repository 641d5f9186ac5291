"""Findings and audits in AWS's shape."""

import json
from dataclasses import replace

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from tests.audits import CERTIFICATE, EXPIRING, STARTED, audit, found, run

from devicewarden.model.audit import Audit
from devicewarden.model.finding import Resource, wire_check_name
from devicewarden.report.findings import (
    audit_document,
    completed_document,
    finding_document,
    finding_event,
)

SERVICE = get_session().get_service_model("iot")


def mixed() -> Audit:
    return audit(
        found(),
        found(resource=Resource(type="HOST", identifier={"host": "b"}), suppressed=True),
        runs=[
            run(non_compliant=1, suppressed=1),
            run("logging-disabled"),
            run("iot-policy-overly-permissive", "FAILED", undecided=("x" * 3000,)),
        ],
    )


def test_a_finding_has_the_members_of_aws() -> None:
    document = finding_document(audit(found()), found())

    assert document == {
        "findingId": found().finding_id,
        "taskId": "c0ffee00",
        "checkName": "DEVICE_CERTIFICATE_EXPIRING_CHECK",
        "taskStartTime": 1772330400.157,
        "findingTime": 1772330401.157,
        "severity": "MEDIUM",
        "nonCompliantResource": {
            "resourceType": "DEVICE_CERTIFICATE",
            "resourceIdentifier": {"deviceCertificateId": "4f" * 32},
            "additionalInfo": {"EXPIRATION_TIME": "1765500000000"},
        },
        "reasonForNonCompliance": "expires in 17 days",
        "reasonForNonComplianceCode": "CERTIFICATE_APPROACHING_EXPIRATION",
        "isSuppressed": False,
        "context": {"remedy": "Issue a new one."},
    }


@pytest.mark.parametrize("related", [(), (CERTIFICATE, CERTIFICATE)], ids=["alone", "related"])
def test_botocore_takes_a_finding_for_one_of_its_own(related: tuple[Resource, ...]) -> None:
    document = finding_document(audit(found()), found(related=related))
    del document["context"]

    shape = SERVICE.shape_for("AuditFinding")

    assert ParamValidator().validate(document, shape).generate_report() == ""
    assert set(document) <= set(shape.members)


def test_an_audit_has_the_members_of_describe_audit_task() -> None:
    document = audit_document(mixed())

    findings = document.pop("findings")
    members = set(SERVICE.shape_for("DescribeAuditTaskResponse").members)
    assert set(document) - members == {"taskId"}
    assert [each["isSuppressed"] for each in findings] == [False, True]
    assert document["taskStatistics"]["totalChecks"] == 3
    assert document["auditDetails"]["LOGGING_DISABLED_CHECK"] == {
        "checkRunStatus": "COMPLETED_COMPLIANT",
        "checkCompliant": True,
        "totalResourcesCount": 3,
        "nonCompliantResourcesCount": 0,
        "suppressedNonCompliantResourcesCount": 0,
    }
    details = set(SERVICE.shape_for("AuditCheckDetails").members)
    assert all(set(each) <= details for each in document["auditDetails"].values())


def test_an_audit_that_is_over_is_told_as_by_sns() -> None:
    document = completed_document(mixed(), "pump")

    details = document.pop("auditDetails")
    assert document == {
        "thingName": "pump",
        "taskId": "c0ffee00",
        "taskStatus": "COMPLETED",
        "taskType": "SCHEDULED_AUDIT_TASK",
        "scheduledAuditName": "nightly",
        "failedChecksCount": 1,
        "canceledChecksCount": 0,
        "nonCompliantChecksCount": 1,
        "compliantChecksCount": 1,
        "totalChecksCount": 3,
        "taskStartTime": 1772330400157,
    }
    assert details[0] == {
        "checkName": wire_check_name(EXPIRING),
        "checkRunStatus": "COMPLETED_NON_COMPLIANT",
        "nonCompliantResourcesCount": 1,
        "totalResourcesCount": 3,
        "suppressedNonCompliantResourcesCount": 1,
    }
    assert len(details[2]["message"]) == 2048


def test_an_audit_of_an_account_names_the_account_and_one_on_demand_no_schedule() -> None:
    document = completed_document(
        replace(mixed(), scope="123456789012", schedule=""), "workstation"
    )

    assert document["accountId"] == "123456789012"
    assert document["taskType"] == "ON_DEMAND_AUDIT_TASK"
    assert not {"thingName", "scheduledAuditName"} & set(document)


def test_an_event_says_what_happened_with_times_in_milliseconds() -> None:
    document = finding_document(audit(found()), found())

    event = json.loads(finding_event(json.dumps(document), "finding-resolved", STARTED, "pump"))

    assert event == {
        **document,
        "findingEventType": "finding-resolved",
        "findingEventTime": 1772330400157,
        "thingName": "pump",
        "taskStartTime": 1772330400157,
        "findingTime": 1772330401157,
    }
