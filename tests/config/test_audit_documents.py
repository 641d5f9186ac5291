"""Audit documents as the AWS CLI takes them, and everything that may be wrong with them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devicewarden.config.audit_documents import AuditDocuments, Thresholds, load_audit_documents
from devicewarden.model.audit import LAST_DAY, ScheduledAudit
from devicewarden.model.errors import ConfigError
from devicewarden.model.finding import Suppression

KNOWN = ("device-certificate-expiring", "device-certificate-age", "logging-disabled", "iot-policy")
CERTIFICATE = {"deviceCertificateId": "4f" * 32}
CONFIGURATION = {
    "roleArn": "arn:aws:iam::123456789012:role/defender-audit",
    "auditNotificationTargetConfigurations": {"SNS": {"enabled": True}},
    "auditCheckConfigurations": {
        "DEVICE_CERTIFICATE_EXPIRING_CHECK": {
            "enabled": True,
            "configuration": {"CERT_EXPIRATION_THRESHOLD_IN_DAYS": "60"},
        },
        "DEVICE_CERTIFICATE_AGE_CHECK": {
            "enabled": True,
            "configuration": {"CERT_AGE_THRESHOLD_IN_DAYS": "400"},
        },
        "LOGGING_DISABLED_CHECK": {"enabled": False},
    },
}
SCHEDULES = [
    {
        "scheduledAuditName": "nightly",
        "frequency": "DAILY",
        "targetCheckNames": ["DEVICE_CERTIFICATE_EXPIRING_CHECK"],
    },
    {
        "scheduledAuditName": "weekly",
        "frequency": "WEEKLY",
        "dayOfWeek": "SUN",
        "targetCheckNames": ["IOT_POLICY_CHECK"],
    },
    {
        "scheduledAuditName": "month-end",
        "frequency": "MONTHLY",
        "dayOfMonth": "LAST",
        "targetCheckNames": ["DEVICE_CERTIFICATE_AGE_CHECK", "LOGGING_DISABLED_CHECK"],
    },
]
SUPPRESSION = {
    "checkName": "DEVICE_CERTIFICATE_EXPIRING_CHECK",
    "resourceIdentifier": CERTIFICATE,
    "expirationDate": 1766600000,
    "suppressIndefinitely": False,
    "description": "replacement scheduled",
    "clientRequestToken": "tok-sup-1",
}


def load(folder: Path, *documents: object) -> AuditDocuments:
    for number, document in enumerate(documents):
        (folder / f"{number}.json").write_text(json.dumps(document))
    return load_audit_documents(folder, KNOWN)


def problems_of(folder: Path, *documents: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, *documents)
    return [problem.message for problem in caught.value.problems]


def test_the_documents_of_the_aws_cli_are_taken_unchanged(tmp_path: Path) -> None:
    found = load(tmp_path, CONFIGURATION, SCHEDULES, SUPPRESSION)

    assert found.warnings == []
    assert [check for check in KNOWN if found.enabled(check)] == [
        "device-certificate-expiring",
        "device-certificate-age",
        "iot-policy",
    ]
    assert found.thresholds() == Thresholds(
        device_certificate_expiring=60, device_certificate_age=400
    )
    assert found.schedules["month-end"] == ScheduledAudit(
        name="month-end",
        frequency="MONTHLY",
        day_of_month=LAST_DAY,
        checks=("device-certificate-age", "logging-disabled"),
    )
    assert found.schedules["weekly"].day_of_week == "SUN"
    assert found.suppressions == [
        Suppression(
            check="device-certificate-expiring",
            identifier=CERTIFICATE,
            expires_at=datetime(2025, 12, 24, 18, 13, 20, tzinfo=UTC),
            description="replacement scheduled",
        )
    ]


def test_a_folder_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    found = load_audit_documents(tmp_path / "none", KNOWN)

    assert found == AuditDocuments()
    assert found.thresholds() == Thresholds()
    assert found.enabled("logging-disabled")


def test_what_aws_lists_is_taken_too(tmp_path: Path) -> None:
    listed = {**SUPPRESSION, "expirationDate": "2025-12-24T19:13:20+01:00"}
    del listed["clientRequestToken"]

    found = load(tmp_path, {"suppressions": [listed]}, {"scheduledAudits": SCHEDULES[:1]})

    assert found.suppressions[0].expires_at == datetime(2025, 12, 24, 18, 13, 20, tzinfo=UTC)
    assert list(found.schedules) == ["nightly"]


def test_a_later_file_wins_in_what_it_says(tmp_path: Path) -> None:
    later = {"auditCheckConfigurations": {"DEVICE_CERTIFICATE_AGE_CHECK": {"enabled": False}}}

    found = load(tmp_path, CONFIGURATION, later)

    assert not found.enabled("device-certificate-age")
    assert found.thresholds().device_certificate_age == 400


def test_a_check_that_aws_may_add_one_day_is_a_warning(tmp_path: Path) -> None:
    found = load(tmp_path, {"auditCheckConfigurations": {"NEW_CHECK": {"enabled": True}}})

    (warning,) = found.warnings
    assert warning.where == str(tmp_path / "0.json")
    assert "NEW_CHECK" in warning.message


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        pytest.param(
            {"path": "/etc/devicewarden/key.pem"},
            "must have deviceCertificateId, by which device-certificate-expiring names",
            id="of another check",
        ),
        pytest.param({}, "must have one member", id="empty"),
        pytest.param({**CERTIFICATE, "clientId": "x"}, "must have one member", id="two"),
        pytest.param({"deviceCertificateId": "4f"}, "must be 64 hexadecimal digits", id="short"),
        pytest.param({"clientId": 7}, "must be a string", id="number"),
        pytest.param("all", "must be an object", id="text"),
        pytest.param(
            {"policyVersionIdentifier": {"policyName": "edge"}},
            "has no policyVersionId",
            id="policy without version",
        ),
    ],
)
def test_identifiers_are_judged(tmp_path: Path, identifier: object, expected: str | None) -> None:
    document = {**SUPPRESSION, "resourceIdentifier": identifier}

    if expected is None:
        assert load(tmp_path, document).suppressions[0].identifier == identifier
    else:
        assert expected in "; ".join(problems_of(tmp_path, document))


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        pytest.param({"x": 1}, "$ must have auditCheckConfigurations", id="something else"),
        pytest.param("text", "$ must have auditCheckConfigurations", id="no object"),
        pytest.param(
            {"auditCheckConfigurations": []},
            "$.auditCheckConfigurations must be an object",
            id="list of checks",
        ),
        pytest.param(
            {"auditCheckConfigurations": {"LOGGING_DISABLED_CHECK": {"enabled": "yes"}}},
            "must be true or false",
            id="enabled is a text",
        ),
        pytest.param(
            {
                "auditCheckConfigurations": {
                    "DEVICE_CERTIFICATE_AGE_CHECK": {
                        "configuration": {"CERT_AGE_THRESHOLD_IN_DAYS": "29"}
                    }
                }
            },
            "must be 30 to 3652, not 29",
            id="threshold too low",
        ),
        pytest.param(
            {
                "auditCheckConfigurations": {
                    "DEVICE_CERTIFICATE_AGE_CHECK": {
                        "configuration": {"CERT_AGE_THRESHOLD_IN_DAYS": 60}
                    }
                }
            },
            "must be a string",
            id="threshold is a number",
        ),
        pytest.param({**SCHEDULES[0], "frequency": "HOURLY"}, "does not exist", id="frequency"),
        pytest.param({**SCHEDULES[1], "dayOfWeek": "SUNDAY"}, "does not exist", id="day of week"),
        pytest.param({**SCHEDULES[2], "dayOfMonth": "32"}, "must be 1 to 31, or LAST", id="day 32"),
        pytest.param({**SCHEDULES[2], "dayOfMonth": 31}, "must be a string", id="day as a number"),
        pytest.param({**SCHEDULES[0], "frequency": "MONTHLY"}, "has no dayOfMonth", id="no day"),
        pytest.param(
            {"scheduledAuditName": "x", "frequency": "DAILY"}, "has no targetCheckNames", id="none"
        ),
        pytest.param(
            {**SCHEDULES[0], "targetCheckNames": ["NO_CHECK"]}, "does not exist", id="unknown check"
        ),
        pytest.param([SCHEDULES[0], SCHEDULES[0]], "name of another", id="name twice"),
        pytest.param({**SUPPRESSION, "checkName": "X"}, "does not exist", id="unknown check here"),
        pytest.param(
            {**SUPPRESSION, "suppressIndefinitely": True}, "must have either", id="both ends"
        ),
        pytest.param(
            {key: SUPPRESSION[key] for key in ("checkName", "resourceIdentifier")},
            "must have either",
            id="no end",
        ),
        pytest.param({**SUPPRESSION, "expirationDate": "soon"}, "must be a time", id="no time"),
        pytest.param({**SUPPRESSION, "expirationDate": 1e300}, "must be a time", id="no calendar"),
        pytest.param({**SUPPRESSION, "expirationDate": True}, "must be a number", id="true"),
        pytest.param({**SUPPRESSION, "description": "x" * 1001}, "at most 1000", id="long text"),
        pytest.param({**SUPPRESSION, "description": "\x1b[2J"}, "control", id="escape"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, document: object, problem: str
) -> None:
    assert problem in "; ".join(problems_of(tmp_path, document))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"a": 1, "a": 2}', b" " * (1 << 21)],
    ids=["empty", "cut", "bytes", "deep", "twice", "large"],
)
def test_a_file_that_is_no_document_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)

    (problem,) = problems_of(tmp_path)

    assert problem.startswith("$ ")


def test_every_problem_of_every_file_is_told(tmp_path: Path) -> None:
    found = problems_of(tmp_path, {"x": 1}, SUPPRESSION, {**SUPPRESSION, "checkName": "X"})

    assert len(found) == 2
