"""Certificates that their issuer has revoked, and that are in use nevertheless."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.checks.resources import (
    IN_USE,
    certificate_resource,
    issuer_resource,
    subject_of,
)
from devicewarden.audit.subject import CaCertificate, DeviceCertificate, Revocation
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding

_ASKED: Final = (
    "The OCSP responder or, without one, the revocation list that the certificate names is asked"
    " over HTTP, but for link-local addresses; the answer counts when the issuer, or a responder"
    " that it appointed, has signed it"
    " and it has not run out, and is kept until then. No such answer: undecided. A certificate that"
    " names neither, such as one that AWS IoT issued, and one that signed itself, cannot be revoked"
    " this way and is not judged. audit.revocation chooses the way."
)
_BY_ISSUER: Final = {"CERTIFICATE_REVOKED_BY_ISSUER": "its issuer has revoked it"}


class RevokedDeviceCertificateStillActive:
    """Finds device certificates that are revoked and still in use."""

    subject = DeviceCertificate
    meta = CheckMeta(
        name="revoked-device-certificate-still-active",
        title="No device uses a certificate that its CA has revoked",
        severity="MEDIUM",
        why="A certificate is revoked because its key is in wrong hands; AWS IoT does not ask the"
        " CA and goes on taking it.",
        decides=_ASKED,
        remedy="Deactivate the certificate in AWS IoT, and give the device a new key.",
        needs="the device certificate, its issuer's, and the issuer's HTTP server",
        source="AWS IoT Device Defender audit, REVOKED_DEVICE_CERTIFICATE_STILL_ACTIVE_CHECK",
        codes=_BY_ISSUER,
    )

    def judge(self, subject: DeviceCertificate, at: datetime) -> Iterator[Finding]:
        del at
        if subject.status in IN_USE and (answer := subject.revocation(0)).revoked:
            resource = certificate_resource(subject)
            yield self.meta.finding(resource, "CERTIFICATE_REVOKED_BY_ISSUER", _told(answer))


class RevokedCaCertificateStillActive:
    """Finds certificates of CAs that are revoked and still in use."""

    subject = CaCertificate
    meta = CheckMeta(
        name="revoked-ca-certificate-still-active",
        title="No CA is in use that its own issuer has revoked",
        severity="CRITICAL",
        why="Who has the key of a CA makes as many devices, or brokers, as he likes.",
        decides=_ASKED,
        remedy="Deactivate the CA in AWS IoT, remove it from the devices, and replace the"
        " certificates that it issued.",
        needs="publish.cert_file and publish.ca_file, and the HTTP servers of the issuers",
        source="AWS IoT Device Defender audit, REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK",
        codes=_BY_ISSUER,
    )

    def judge(self, subject: CaCertificate, at: datetime) -> Iterator[Finding]:
        del at
        if subject.status in IN_USE and (answer := subject.revocation()).revoked:
            resource = certificate_resource(subject)
            yield self.meta.finding(resource, "CERTIFICATE_REVOKED_BY_ISSUER", _told(answer))


class IntermediateCaRevoked:
    """Finds revoked CAs in the chains of device certificates in use."""

    subject = DeviceCertificate
    meta = CheckMeta(
        name="intermediate-ca-revoked-for-active-device-certificates",
        title="No device uses a certificate whose chain leads over a revoked CA",
        severity="CRITICAL",
        why="Nobody knows which certificates of a revoked CA are real.",
        decides=f"Each issuer of the chain is looked up. {_ASKED}",
        remedy="Replace the device certificates below this CA, and deactivate the old ones.",
        needs="the chain in publish.cert_file, and the HTTP servers of its issuers",
        source="AWS IoT Device Defender audit,"
        " INTERMEDIATE_CA_REVOKED_FOR_ACTIVE_DEVICE_CERTIFICATES_CHECK",
        codes={"INTERMEDIATE_CA_REVOKED_BY_ISSUER": "a CA of the chain was revoked by its issuer"},
    )

    def judge(self, subject: DeviceCertificate, at: datetime) -> Iterator[Finding]:
        del at
        unknown: AuditError | None = None
        for place, issuer in enumerate(subject.issuers, start=1):
            try:
                answer = subject.revocation(place)
            except AuditError as error:
                unknown = unknown or error
                continue
            if subject.status in IN_USE and answer.revoked:
                yield self.meta.finding(
                    issuer_resource(issuer),
                    "INTERMEDIATE_CA_REVOKED_BY_ISSUER",
                    f"{subject_of(issuer)}: {_told(answer)}",
                    related=(certificate_resource(subject),),
                )
        if unknown is not None:
            raise unknown


def _told(answer: Revocation) -> str:
    when = f" on {answer.at:%Y-%m-%d}" if answer.at else ""
    return f"revoked{when}, says {answer.source}"
