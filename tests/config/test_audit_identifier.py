"""Identifiers that may be written in several ways come out as findings have them."""

from typing import Any

import pytest

from devicewarden.audit import registry
from devicewarden.config.audit_identifier import OF_CHECK, read_identifier, read_identifier_of
from devicewarden.config.profile_node import Node
from devicewarden.config.profile_problem import Problems

ID = "4f" * 32


def issuer(**parts: str) -> dict[str, dict[str, str]]:
    facts = {"issuerCertificateSubject": "CN=Edge CA", "issuerId": ID, **parts}
    return {"issuerCertificateIdentifier": facts}


def read(written: Any) -> tuple[Any, list[str]]:
    problems = Problems(aws=False)
    found = read_identifier(Node(written, (), problems))
    return found, [each.reason for each in problems.found]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param(
            {"deviceCertificateId": ID.upper()}, {"deviceCertificateId": ID}, id="capitals"
        ),
        pytest.param({"caCertificateId": f"0x{ID}"}, {"caCertificateId": ID}, id="prefix"),
        pytest.param(
            {"deviceCertificateArn": f"arn:aws-cn:iot:cn-north-1:123456789012:cert/{ID.upper()}"},
            {"deviceCertificateId": ID},
            id="ARN of a certificate",
        ),
        pytest.param(
            issuer(issuerId=f"0x{ID.upper()}", issuerCertificateSerialNumber="00:0A:1B"),
            issuer(issuerCertificateSerialNumber="a1b"),
            id="serial number",
        ),
        pytest.param(
            issuer(issuerCertificateSerialNumber="00"),
            issuer(issuerCertificateSerialNumber="0"),
            id="serial number 0",
        ),
        pytest.param({"clientId": "0xAB"}, {"clientId": "0xAB"}, id="a client id is a text"),
    ],
)
def test_one_resource_has_one_identifier(written: Any, meant: Any) -> None:
    found, problems = read(written)

    assert (found, problems) == (meant, [])


def test_an_arn_of_something_else_is_no_certificates() -> None:
    found, problems = read({"deviceCertificateArn": "arn:aws:iot:eu-west-1:123456789012:thing/x"})

    assert (found, problems) == (None, ["must be the ARN of a certificate"])


@pytest.mark.parametrize(
    ("check", "identifier"),
    [
        pytest.param(
            "iot-policy-overly-permissive",
            {"policyVersionIdentifier": {"policyName": "edge", "policyVersionId": "3"}},
            id="policy version",
        ),
        pytest.param(
            "intermediate-ca-revoked-for-active-device-certificates",
            issuer(issuerCertificateSerialNumber="a1b"),
            id="issuer",
        ),
        pytest.param("private-key-readable", {"path": "/etc/key.pem"}, id="file"),
        pytest.param("clock-not-synchronized", {"host": "clock"}, id="host"),
        pytest.param(
            "shared-cognito-identity", {"cognitoIdentityId": "eu-west-1:4f"}, id="identity"
        ),
        pytest.param("iot-role-alias-overly-permissive", {"path": "/a.json"}, id="role on disk"),
    ],
)
def test_a_check_names_what_it_finds_in_its_own_way(check: str, identifier: Any) -> None:
    problems = Problems(aws=False)

    right = read_identifier_of(check, Node(identifier, (), problems))
    assert (right, problems.found) == (identifier, [])
    wrong = read_identifier_of(check, Node({"caCertificateId": ID}, (), problems))

    assert wrong is None
    assert f"by which {check} names what it finds" in problems.found[0].reason


def test_only_checks_that_there_are_have_members_of_their_own() -> None:
    assert OF_CHECK.keys() <= {check.meta.name for check in registry.checks()}
