"""The certificates that the settings name: this device's, with its chain, and the broker's CAs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from devicewarden.audit.certificate import parse_certificates
from devicewarden.audit.device.host import Host, unreadable
from devicewarden.audit.revocation.ask import Revocations
from devicewarden.audit.revocation.ocsp import issued_by
from devicewarden.audit.subject import CaCertificate, DeviceCertificate, Revocation
from devicewarden.model.errors import AuditError


@dataclass(frozen=True, slots=True)
class Chain:
    """A device certificate and what leads up from it.

    Attributes:
        own: the device's.
        issuers: its issuer first; ends where the next one is not known.
        rest: the other certificates of its file, in their order.
    """

    own: x509.Certificate
    issuers: tuple[x509.Certificate, ...]
    rest: tuple[x509.Certificate, ...]


def read_certificates(host: Host) -> Iterator[object]:
    """Give the device certificate, and those of the CAs in both files, each once."""
    publish = host.settings.publish
    revocations = Revocations(host.settings.audit, lambda: datetime.now(UTC))
    roots: tuple[x509.Certificate, ...] = ()
    if publish.ca_file:
        try:
            roots = load(host, publish.ca_file)
        except AuditError as error:
            yield unreadable(error, CaCertificate)
    chain = None
    if publish.cert_file:
        try:
            chain = arrange(load(host, publish.cert_file), roots)
        except AuditError as error:
            yield unreadable(error, DeviceCertificate, CaCertificate)
        else:
            yield _device_certificate(chain, publish.cert_file, revocations)
    above = chain.rest if chain else ()
    known = (*above, *roots)
    for certificate in dict.fromkeys(known):
        path = publish.cert_file if certificate in above else publish.ca_file
        yield _ca_certificate(certificate, known, path, revocations)


def load(host: Host, path: str) -> tuple[x509.Certificate, ...]:
    """Read all certificates of a file, PEM or one in DER.

    Raises:
        AuditError: there is none, or one of them is none.
    """
    content = host.read(path)
    if content is None:
        raise AuditError(f"{path} is not there")
    try:
        return parse_certificates(content)
    except AuditError as error:
        raise AuditError(f"{path} holds {error}") from error


def arrange(found: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]) -> Chain:
    """Find the device's certificate among those of its file, whatever their order, and its chain.

    It is the first that issued none of the others.
    """
    own = next((c for c in found if not any(_issued(other, c) for other in found)), found[0])
    rest = tuple(each for each in found if each != own)
    issuers: list[x509.Certificate] = []
    known = (*rest, *roots)
    below = own
    while issuer := next((c for c in known if c not in issuers and _issued(below, c)), None):
        issuers.append(issuer)
        below = issuer
    return Chain(own, tuple(issuers), rest)


def certificate_id(certificate: x509.Certificate) -> str:
    """Give what AWS IoT calls a certificate: SHA-256 of its DER, as far as is seen."""
    return certificate.fingerprint(SHA256()).hex()


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    # Names first: a signature is dear, and a bundle has hundreds.
    same_name = certificate.issuer == issuer.subject
    return same_name and certificate != issuer and issued_by(certificate, issuer)


def _device_certificate(chain: Chain, path: str, revocations: Revocations) -> DeviceCertificate:
    line = (chain.own, *chain.issuers)

    def ask(place: int) -> Revocation:
        above = line[place + 1] if place + 1 < len(line) else None
        return revocations.of(line[place], above)

    return DeviceCertificate(
        certificate_id=certificate_id(chain.own),
        parsed=chain.own,
        status="ACTIVE",
        activated_at=chain.own.not_valid_before_utc,
        issuers=chain.issuers,
        revocation=ask,
        path=path,
    )


def _ca_certificate(
    certificate: x509.Certificate,
    known: Sequence[x509.Certificate],
    path: str,
    revocations: Revocations,
) -> CaCertificate:
    issuer = next((each for each in known if _issued(certificate, each)), None)
    return CaCertificate(
        certificate_id=certificate_id(certificate),
        parsed=certificate,
        status="ACTIVE",
        revocation=partial(revocations.of, certificate, issuer),
        path=path,
    )
