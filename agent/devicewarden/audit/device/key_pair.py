"""A certificate and a private key that do not belong together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.device.certificates import load
from devicewarden.audit.device.host import Host, file_resource
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """The first certificate of a file, and the private key that the agent would use with it.

    Attributes:
        cert_path, key_path: of the files.
        certified, held: public keys, DER: in the certificate, and of the private key.
    """

    cert_path: str
    key_path: str
    certified: bytes
    held: bytes


class CertificateKeyMismatch:
    """Finds a private key that is another certificate's."""

    subject = KeyPair
    meta = CheckMeta(
        name="certificate-key-mismatch",
        title="The private key belongs to the device certificate",
        severity="HIGH",
        why="With another key no connection comes about; it happens when one of the two files is"
        " replaced, or the chain stands before the device's own certificate.",
        decides="The public key of the first certificate in publish.cert_file is the one of"
        " publish.key_file. A key in a PKCS#11 token is not judged.",
        remedy="Install certificate and key of one pair, the device's certificate first.",
        needs="publish.cert_file and publish.key_file",
        source="RFC 8446, section 4.4.2: the sender's certificate comes first",
        codes={"CERTIFICATE_KEY_MISMATCH": "the key is another certificate's"},
    )

    def judge(self, subject: KeyPair, at: datetime) -> Iterator[Finding]:
        del at
        if subject.certified != subject.held:
            reason = f"its first certificate is not for the key in {subject.key_path}"
            resource = file_resource(subject.cert_path)
            yield self.meta.finding(resource, "CERTIFICATE_KEY_MISMATCH", reason)


def read_key_pair(host: Host) -> Iterator[object]:
    """Give the pair that the settings name, if they do."""
    publish = host.settings.publish
    if not publish.cert_file or not publish.key_file:
        return
    certificate = load(host, publish.cert_file)[0]
    content = host.read(publish.key_file)
    if content is None:
        raise AuditError(f"{publish.key_file} is not there")
    try:
        key = load_pem_private_key(content, None)
        yield KeyPair(
            cert_path=publish.cert_file,
            key_path=publish.key_file,
            certified=public_bytes(certificate.public_key()),
            held=public_bytes(key.public_key()),
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # The library's words, never the file's.
        why = "it is encrypted" if isinstance(error, TypeError) else type(error).__name__
        raise AuditError(
            f"{publish.key_file} holds no private key that can be read: {why}"
        ) from None


def public_bytes(key: "PublicKeyTypes") -> bytes:
    """Encode a public key such that equal keys are equal bytes."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
