"""What issuers and their responders say, true and false."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from tests.audit.certificates import AT, DAY, Issuer

from devicewarden.audit.revocation.ask import Revocations
from devicewarden.audit.revocation.fetch import UnreachableError
from devicewarden.config.audit_settings import AuditSettings

LIST = "http://ca.test/list.crl"
RESPONDER = "http://ca.test/ocsp"
ISSUER = "http://ca.test/issuer.der"


def revocation_list(
    issuer: Issuer,
    revoked: Iterable[int] = (),
    *extensions: x509.ExtensionType,
    begins: datetime = AT - DAY,
    ends: datetime | None = AT + DAY,
    signer: Issuer | None = None,
) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.name).last_update(begins)
    builder = builder.next_update(ends or AT + DAY)
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(AT - DAY)
        builder = builder.add_revoked_certificate(entry.build())
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    signer = signer or issuer
    return builder.sign(signer.key, signer.digest()).public_bytes(Encoding.DER)


def response(  # noqa: PLR0913  a part of the answer each
    certificate: x509.Certificate,
    issuer: Issuer,
    *,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    begins: datetime = AT - DAY,
    ends: datetime | None = AT + DAY,
    signer: tuple[x509.Certificate, Any] | None = None,
    before: Iterable[x509.Certificate] = (),
) -> bytes:
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    signing, key = signer or (issuer.certificate, issuer.key)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA1(),  # noqa: S303  names the issuer, as in the request
            cert_status=status,
            this_update=begins,
            next_update=ends,
            revocation_time=AT - DAY if revoked else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signing)
    )
    if signer is not None:
        builder = builder.certificates([*before, signing])
    return builder.sign(key, issuer.digest()).public_bytes(Encoding.DER)


@dataclass
class Web:
    """What is at some addresses; asks are counted."""

    pages: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    def __call__(self, url: str, body: bytes | None = None) -> bytes:
        del body
        self.asked.append(url)
        if url not in self.pages:
            raise UnreachableError(f"{url}: connection refused")
        return self.pages[url]


def asker(web: Web, **settings: Any) -> Revocations:
    return Revocations(AuditSettings(**{"revocation_cache_dir": "", **settings}), lambda: AT, web)
