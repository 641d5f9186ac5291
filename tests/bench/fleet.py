"""A fleet of certificates, made as they are asked for.

Each is a certificate of its own: another serial number, another RSA modulus, another id. Only the
signature is that of the first one, which no check of an account looks at; making 100,000 RSA keys
would take hours.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

CA_ID: Final = "ca" * 32
REVOKED: Final = 1000
"""Entries of the CA's list."""

_FIRST_SERIAL: Final = b"\x5a" * 19
_MARK: Final = 64
"""So many bytes of a modulus are its own."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Certificates 0 to `size` - 1, and their CA.

    Attributes:
        size: how many.
        ca: the CA, DER.
        crl: its list of revoked certificates, DER.
        first: the certificate that the others are made of, DER.
        serial_at, modulus_at: where these bytes are in it.
        created: when all were registered, seconds since the epoch.
        places: id of a certificate that was listed -> which it is.
    """

    size: int
    ca: bytes
    crl: bytes
    first: bytes
    serial_at: int
    modulus_at: int
    created: float
    places: dict[str, int] = field(default_factory=dict)

    def der(self, index: int) -> bytes:
        own = hashlib.shake_128(b"%d" % index).digest(len(_FIRST_SERIAL) - 1 + _MARK)
        serial, modulus = own[:-_MARK], own[-_MARK:]
        der = bytearray(self.first)
        der[self.serial_at + 1 : self.serial_at + 1 + len(serial)] = serial
        der[self.modulus_at + 1 : self.modulus_at + 1 + _MARK] = modulus
        return bytes(der)

    def page(self, start: int, length: int) -> dict[str, Any]:
        """Give a page as ListCertificates does."""
        end = min(self.size, start + length)
        ids = {_digest(self.der(index)): index for index in range(start, end)}
        self.places.update(ids)
        listed = [
            {
                "certificateId": each,
                "certificateArn": f"arn:aws:iot:eu-west-1:123456789012:cert/{each}",
                "status": "ACTIVE",
                "certificateMode": "DEFAULT",
                "creationDate": self.created,
            }
            for each in ids
        ]
        return {"certificates": listed, **({"nextMarker": str(end)} if end < self.size else {})}

    def described(self, index: int) -> dict[str, Any]:
        """Answer as DescribeCertificate does."""
        der = self.der(index)
        return _described(_digest(der), der, self.created) | {"caCertificateId": CA_ID}

    def described_ca(self) -> dict[str, Any]:
        """Answer as DescribeCACertificate does."""
        return _described(CA_ID, self.ca, self.created)


def _digest(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def make_fleet(size: int, crl_url: str) -> Fleet:
    """Make one whose certificates say that their CA's list is at some address."""
    now = datetime.now(UTC)
    ca_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    builder = (
        x509.CertificateBuilder()
        .issuer_name(_name("Fleet CA"))
        .not_valid_before(now - _DAY)
        .not_valid_after(now + 3650 * _DAY)
    )
    ca = (
        builder.subject_name(_name("Fleet CA"))
        .public_key(ca_key.public_key())
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, SHA256())
    )
    there = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
    first = (
        builder.subject_name(_name("gateway"))
        .public_key(key.public_key())
        .serial_number(int.from_bytes(_FIRST_SERIAL))
        .add_extension(x509.CRLDistributionPoints([there]), critical=False)
        .sign(ca_key, SHA256())
        .public_bytes(Encoding.DER)
    )
    return Fleet(
        size=size,
        ca=ca.public_bytes(Encoding.DER),
        crl=_crl(ca_key, now),
        first=first,
        serial_at=first.index(_FIRST_SERIAL),
        modulus_at=first.index(key.public_key().public_numbers().n.to_bytes(256)),
        created=(now - _DAY).timestamp(),
    )


def _crl(key: rsa.RSAPrivateKey, now: datetime) -> bytes:
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(_name("Fleet CA"))
        .last_update(now - _DAY)
        .next_update(now + _DAY)
    )
    for serial in range(2, 2 + REVOKED):
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
        crl = crl.add_revoked_certificate(revoked.build())
    return crl.sign(key, SHA256()).public_bytes(Encoding.DER)


def _described(certificate_id: str, der: bytes, created: float) -> dict[str, Any]:
    lines = base64.encodebytes(der).decode()
    return {
        "certificateId": certificate_id,
        "status": "ACTIVE",
        "certificatePem": f"-----BEGIN CERTIFICATE-----\n{lines}-----END CERTIFICATE-----\n",
        "creationDate": created,
        "lastModifiedDate": created,
    }


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
