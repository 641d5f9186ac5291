"""Revoked certificates that are in use."""

from collections.abc import Callable

import pytest
from tests.audit.certificates import AT, Issuer, ca_certificate, codes, device_certificate, judged

from devicewarden.audit.checks.revoked import (
    IntermediateCaRevoked,
    RevokedCaCertificateStillActive,
    RevokedDeviceCertificateStillActive,
)
from devicewarden.audit.subject import Revocation
from devicewarden.model.errors import AuditError

ROOT = Issuer("root")
MIDDLE = Issuer("middle", ROOT)
OWN = MIDDLE.issue()
GOOD = Revocation(revoked=False, source="http://crl")
BAD = Revocation(revoked=True, source="http://crl", at=AT)


def answers(*by_place: Revocation | str) -> Callable[[int], Revocation]:
    def ask(place: int) -> Revocation:
        answer = by_place[place]
        if isinstance(answer, str):
            raise AuditError(answer)
        return answer

    return ask


def test_a_revoked_device_certificate_does_not_comply_while_it_is_in_use() -> None:
    check = RevokedDeviceCertificateStillActive()

    (found,) = judged(check, device_certificate(OWN, revocation=answers(BAD)))

    assert found.code == "CERTIFICATE_REVOKED_BY_ISSUER"
    assert found.reason == "revoked on 2026-03-01, says http://crl"
    assert codes(check, device_certificate(OWN, revocation=answers(GOOD))) == []
    assert codes(check, device_certificate(OWN, revocation=answers(BAD), status="REVOKED")) == []


def test_who_cannot_be_asked_leaves_it_undecided() -> None:
    with pytest.raises(AuditError, match="unreachable"):
        codes(
            RevokedDeviceCertificateStillActive(),
            device_certificate(OWN, revocation=answers("unreachable")),
        )


@pytest.mark.parametrize("revoked", [True, False])
def test_a_revoked_ca_does_not_comply(*, revoked: bool) -> None:
    answer = BAD if revoked else GOOD
    subject = ca_certificate(MIDDLE.certificate, revocation=lambda: answer)

    found = codes(RevokedCaCertificateStillActive(), subject)

    assert found == (["CERTIFICATE_REVOKED_BY_ISSUER"] if revoked else [])


def test_a_revoked_ca_of_the_chain_is_found_with_the_device_certificate_beside_it() -> None:
    chain = (MIDDLE.certificate, ROOT.certificate)
    subject = device_certificate(OWN, issuers=chain, revocation=answers(GOOD, BAD, GOOD))

    (found,) = judged(IntermediateCaRevoked(), subject)

    assert found.resource.type == "ISSUER_CERTIFICATE"
    issuer = found.resource.identifier["issuerCertificateIdentifier"]
    assert issuer["issuerCertificateSubject"] == "CN=middle"
    assert found.related[0].identifier == {"deviceCertificateId": subject.certificate_id}


def test_a_chain_of_which_nobody_is_revoked_complies() -> None:
    subject = device_certificate(OWN, issuers=(MIDDLE.certificate,), revocation=answers(BAD, GOOD))

    assert codes(IntermediateCaRevoked(), subject) == []


def test_one_issuer_that_cannot_be_asked_about_does_not_hide_the_next() -> None:
    chain = (MIDDLE.certificate, ROOT.certificate)
    subject = device_certificate(OWN, issuers=chain, revocation=answers(GOOD, "silent", BAD))
    findings = IntermediateCaRevoked().judge(subject, AT)

    assert next(findings).code == "INTERMEDIATE_CA_REVOKED_BY_ISSUER"
    with pytest.raises(AuditError, match="silent"):
        next(findings)
