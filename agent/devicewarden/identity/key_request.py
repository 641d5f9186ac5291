"""A new private key in a file or a token, and a request for a certificate of it."""

import hashlib
import os
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from devicewarden.identity.token import Token
from devicewarden.model.errors import ProvisioningError
from devicewarden.model.identity import KEY, KeyRequest, MadeKey

LEAST_RSA_BITS: Final = 2048
_EXPONENT: Final = 65_537

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def make_key(request: KeyRequest) -> MadeKey:
    """Make a key of the old one's kind, and a request that names the thing.

    Raises:
        ProvisioningError: the old certificate cannot be read, the key cannot be written, or the
            token refuses.
    """
    try:
        old = Path(request.old_certificate).read_bytes() if request.old_certificate else b""
        certificate = x509.load_pem_x509_certificate(old) if old else None
        if request.pkcs11_library:
            csr, public_key = Token(request).make(_subject(request.thing))
        else:
            csr, public_key = _in_file(request, certificate)
    except (OSError, ValueError) as error:
        raise ProvisioningError(f"no key was made: {error}") from error
    return MadeKey(
        request=csr,
        public_key=public_key,
        old_id="" if certificate is None else certificate.fingerprint(hashes.SHA256()).hex(),
        old_file=hashlib.sha256(old).hexdigest() if old else "",
    )


def _in_file(request: KeyRequest, old: x509.Certificate | None) -> tuple[str, bytes]:
    key = _like(None if old is None else old.public_key())
    _write(Path(request.folder) / KEY, key)
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(_subject(request.thing))
        .sign(key, hashes.SHA256())
    )
    public_key = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return csr.public_bytes(serialization.Encoding.PEM).decode(), public_key


def _like(old: object) -> PrivateKey:
    """Make a key of the same kind; P-256 where there is none, or one that is too weak."""
    if isinstance(old, rsa.RSAPublicKey):
        return rsa.generate_private_key(_EXPONENT, max(old.key_size, LEAST_RSA_BITS))
    if isinstance(old, ec.EllipticCurvePublicKey) and isinstance(old.curve, ec.SECP384R1):
        return ec.generate_private_key(ec.SECP384R1())
    return ec.generate_private_key(ec.SECP256R1())


def _subject(thing: str) -> x509.Name:
    # A common name has 64 characters at most, a thing name 128.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, thing[:64])])


def _write(path: Path, key: PrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
