"""Identifiers that may be written in several ways come out as findings have them."""

from typing import Any

import pytest

from devicewarden.config.audit_identifier import read_identifier
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
