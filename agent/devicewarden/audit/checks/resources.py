"""Certificates, as findings name them."""

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.hashes import SHA256

from devicewarden.audit.subject import CaCertificate, DeviceCertificate
from devicewarden.model.finding import Resource

if TYPE_CHECKING:
    from cryptography import x509

IN_USE: Final = frozenset({"ACTIVE", "PENDING_TRANSFER"})
"""AWS judges certificates of these states alone."""

_MAX_SUBJECT: Final = 1000


def certificate_resource(certificate: DeviceCertificate | CaCertificate) -> Resource:
    """Name a certificate by its id, with its file, subject and last day beside it."""
    own = isinstance(certificate, DeviceCertificate)
    expires = certificate.parsed.not_valid_after_utc
    info = {
        "EXPIRATION_TIME": str(int(expires.timestamp() * 1000)),
        "subject": subject_of(certificate.parsed),
    }
    if certificate.path:
        info["path"] = certificate.path
    return Resource(
        type="DEVICE_CERTIFICATE" if own else "CA_CERTIFICATE",
        identifier={
            "deviceCertificateId" if own else "caCertificateId": certificate.certificate_id
        },
        info=info,
    )


def issuer_resource(issuer: "x509.Certificate") -> Resource:
    """Name a CA of a chain, which the account may not know."""
    return Resource(
        type="ISSUER_CERTIFICATE",
        identifier={
            "issuerCertificateIdentifier": {
                "issuerCertificateSubject": subject_of(issuer) or "-",
                "issuerId": issuer.fingerprint(SHA256()).hex(),
                "issuerCertificateSerialNumber": f"{issuer.serial_number:x}",
            }
        },
    )


def subject_of(certificate: "x509.Certificate") -> str:
    """Write whom a certificate names; others chose that, so it is cut."""
    return certificate.subject.rfc4514_string()[:_MAX_SUBJECT]
