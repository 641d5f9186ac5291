"""A throwaway certificate authority: server and client certificates, and who is refused.

The authority's private key never leaves memory, so its certificates end with the process.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from devicewarden.model.errors import AgentError

VALID_FOR: Final = timedelta(days=7)
# Clocks of two machines, or of a machine and its container, are never quite the same.
CLOCK_SKEW: Final = timedelta(minutes=5)

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate and its private key, as PEM files; the key is readable by its owner alone."""

    cert_file: Path
    key_file: Path
    serial: int


class Authority:
    """Issues certificates on the curve P-256 and keeps the list of the refused ones.

    Args:
        directory: gets `ca.pem` and `refused.pem`, the revocation list, empty at first.
    """

    def __init__(self, directory: Path) -> None:
        self.ca_file: Final = directory / "ca.pem"
        self.refused_file: Final = directory / "refused.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("DeviceWarden sandbox CA")
        write_private(self.ca_file, self._self_signed().public_bytes(serialization.Encoding.PEM))
        self.refuse(frozenset())

    def issue_server(self, directory: Path) -> Credentials:
        """Issue the broker's certificate, good for this machine's own names alone."""
        names = x509.SubjectAlternativeName(
            [
                x509.DNSName("localhost"),
                x509.IPAddress(ip_address("127.0.0.1")),
                x509.IPAddress(ip_address("::1")),
            ]
        )
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return self._issue(directory, "localhost", purpose, names)

    def issue_client(self, directory: Path, common_name: str) -> Credentials:
        """Issue a device's certificate; the broker takes the common name as user name.

        Args:
            directory: gets `certificate.pem` and `private-key.pem`; must exist.
            common_name: 1 to 64 characters, as X.509 has it.
        """
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._issue(directory, common_name, purpose)

    def sign(self, request: x509.CertificateSigningRequest) -> x509.Certificate:
        """Issue a device's certificate to whoever has the key of this request."""
        key = request.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise AgentError("the sandbox signs EC and RSA keys alone")
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._signed(request.subject, key, purpose)

    def refuse(self, serials: frozenset[int]) -> None:
        """Write the revocation list that names exactly these certificates."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - CLOCK_SKEW)
            .next_update(now + VALID_FOR)
        )
        for serial in sorted(serials):
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
            builder = builder.add_revoked_certificate(entry.build())
        signed = builder.sign(self._key, hashes.SHA256())
        write_private(self.refused_file, signed.public_bytes(serialization.Encoding.PEM))

    def _self_signed(self) -> x509.Certificate:
        return (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def _issue(
        self, directory: Path, common_name: str, *extensions: x509.ExtensionType
    ) -> Credentials:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(_name(common_name), key.public_key(), *extensions)
        return _write(directory, certificate, key)

    def _signed(
        self, subject: x509.Name, key: PublicKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            self._builder(subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(issuer, critical=False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _builder(self, subject: x509.Name, key: PublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - CLOCK_SKEW)
            .not_valid_after(now + VALID_FOR)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, whatever stood there before."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(
    directory: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> Credentials:
    files = Credentials(
        directory / "certificate.pem", directory / "private-key.pem", certificate.serial_number
    )
    write_private(files.cert_file, certificate.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(files.key_file, pem)
    return files
