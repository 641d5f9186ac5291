"""Certificates of every kind, made on the fly, and what an audit makes of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from devicewarden.audit.check import Check
from devicewarden.audit.device.certificates import certificate_id
from devicewarden.audit.subject import CaCertificate, DeviceCertificate, Revocation
from devicewarden.model.finding import Finding

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NOT_REVOKED = Revocation(revoked=False, source="")


@cache
def ec_key(name: str = "") -> ec.EllipticCurvePrivateKey:
    """Make one key for each name: keys are dear."""
    del name
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


class Issuer:
    """A CA with its certificate; without one above it, a root."""

    def __init__(
        self,
        name: str,
        above: "Issuer | None" = None,
        *extensions: x509.ExtensionType,
        **options: Any,
    ) -> None:
        self.key: Any = options.pop("key", None) or ec_key(name)
        self.name = named(name)
        ca = x509.BasicConstraints(ca=True, path_length=None)
        signer = above or self
        options.setdefault("begins", AT - 300 * DAY)
        options.setdefault("expires", AT + 3000 * DAY)
        self.certificate = signer.issue(name, ca, *extensions, key=self.key.public_key(), **options)

    def issue(
        self,
        name: str = "device",
        *extensions: x509.ExtensionType,
        key: Any = None,
        begins: datetime = AT - 100 * DAY,
        expires: datetime = AT + 200 * DAY,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(self.name)
            .public_key(key or ec_key(name).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(expires)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, self.digest())

    def digest(self) -> hashes.SHA256 | None:
        return None if isinstance(self.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def list_at(*urls: str) -> x509.CRLDistributionPoints:
    return x509.CRLDistributionPoints(
        [
            x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
            for url in urls
        ]
    )


def ocsp_at(url: str, issuer_url: str = "") -> x509.AuthorityInformationAccess:
    described = [(AuthorityInformationAccessOID.OCSP, url)] if url else []
    if issuer_url:
        described.append((AuthorityInformationAccessOID.CA_ISSUERS, issuer_url))
    return x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(address))
            for method, address in described
        ]
    )


def device_certificate(parsed: x509.Certificate, **changes: Any) -> DeviceCertificate:
    facts: dict[str, Any] = {
        "certificate_id": certificate_id(parsed),
        "parsed": parsed,
        "status": "ACTIVE",
        "activated_at": parsed.not_valid_before_utc,
        "issuers": (),
        "revocation": lambda _place: NOT_REVOKED,
    }
    return DeviceCertificate(**{**facts, **changes})


def ca_certificate(parsed: x509.Certificate, **changes: Any) -> CaCertificate:
    facts: dict[str, Any] = {
        "certificate_id": certificate_id(parsed),
        "parsed": parsed,
        "status": "ACTIVE",
        "revocation": lambda: NOT_REVOKED,
    }
    return CaCertificate(**{**facts, **changes})


def judged(check: Check[Any], subject: object, at: datetime = AT) -> list[Finding]:
    return list(check.judge(subject, at))


def codes(check: Check[Any], subject: object, at: datetime = AT) -> list[str]:
    return [finding.code for finding in judged(check, subject, at)]


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


def key_pem(key: Any) -> bytes:
    content: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return content


def serials(certificates: Sequence[x509.Certificate]) -> list[int]:
    return [each.serial_number for each in certificates]
