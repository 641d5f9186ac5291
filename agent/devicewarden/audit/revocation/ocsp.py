"""OCSP: a question about one certificate, and what a responder's answer is worth."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from devicewarden.audit.revocation.addresses import find
from devicewarden.audit.revocation.crl import SKEW
from devicewarden.model.errors import AuditError

_FRESH: Final = timedelta(days=1)
"""An answer that does not say how long it is good for is good for a day."""

_MOST_DELEGATES: Final = 10
"""Each takes a signature to check, and a response has room for ten thousands."""


def question(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """Write the request. SHA-1 only names the issuer here, and all responders know it."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1())  # noqa: S303
    return builder.build().public_bytes(Encoding.DER)


def revoked_at(
    content: bytes, asked: bytes, issuer: x509.Certificate, now: datetime
) -> tuple[bool, datetime | None]:
    """Read a response, and believe it for the issuer's signature, or its delegate's, alone.

    Args:
        content: the response.
        asked: the request.
        issuer: of the certificate.
        now: aware UTC time.

    Returns:
        Whether the certificate is revoked, and since when.

    Raises:
        AuditError: it cannot be told by this answer.

    Source: RFC 6960, section 3.2.
    """
    try:
        response = ocsp.load_der_ocsp_response(content)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise AuditError(f"the responder says {response.response_status.name.lower()}")
        _believe(response, issuer, now)
        single = _about(response.responses, ocsp.load_der_ocsp_request(asked))
        _check_age(single, now)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AuditError(f"no OCSP response that can be read: {error}") from error
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise AuditError("the responder does not know the certificate")
    return single.certificate_status is ocsp.OCSPCertStatus.REVOKED, single.revocation_time_utc


def _about(
    responses: Iterable[ocsp.OCSPSingleResponse], asked: ocsp.OCSPRequest
) -> ocsp.OCSPSingleResponse:
    for each in responses:
        if (
            each.serial_number == asked.serial_number
            and each.issuer_key_hash == asked.issuer_key_hash
            and each.issuer_name_hash == asked.issuer_name_hash
        ):
            return each
    raise AuditError("the responder speaks of another certificate")


def _check_age(single: ocsp.OCSPSingleResponse, now: datetime) -> None:
    begins = single.this_update_utc
    good_until = single.next_update_utc or begins + _FRESH
    if begins > now + SKEW:
        raise AuditError(f"an OCSP response of the future, {begins:%Y-%m-%d}: is the clock right?")
    if good_until < now:
        raise AuditError(f"an OCSP response that ran out on {good_until:%Y-%m-%d}")


def _believe(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    delegates = islice(response.certificates, _MOST_DELEGATES)
    signers = [issuer, *(each for each in delegates if _appointed(each, issuer, now))]
    if not any(_signed_by(response, signer) for signer in signers):
        raise AuditError("an OCSP response that neither the issuer nor its delegate has signed")


def _appointed(responder: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    """Tell whether the issuer has appointed a responder, and it still is one."""
    purposes = find(responder, x509.ExtendedKeyUsage)
    if purposes is None or ExtendedKeyUsageOID.OCSP_SIGNING not in purposes:
        return False
    if not responder.not_valid_before_utc <= now <= responder.not_valid_after_utc:
        return False
    return issued_by(responder, issuer)


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether an issuer's name and key are those behind a certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _signed_by(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    signature, content = response.signature, response.tbs_response_bytes
    digest = response.signature_hash_algorithm
    try:
        match signer.public_key():
            case rsa.RSAPublicKey() as key if digest is not None:
                key.verify(signature, content, padding.PKCS1v15(), digest)
            case ec.EllipticCurvePublicKey() as key if digest is not None:
                key.verify(signature, content, ec.ECDSA(digest))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey() as key:
                key.verify(signature, content)
            case _:
                return False
    except InvalidSignature:
        return False
    return True
