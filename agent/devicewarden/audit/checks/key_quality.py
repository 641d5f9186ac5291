"""Public keys whose private key can be computed, or soon will be."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.checks.debian_keys import MADE_BEFORE, DebianKeys
from devicewarden.audit.checks.resources import IN_USE, certificate_resource, subject_of
from devicewarden.audit.checks.roca import has_fingerprint
from devicewarden.audit.subject import CaCertificate, DeviceCertificate
from devicewarden.model.errors import AuditError
from devicewarden.model.finding import Finding

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

_ROCA: Final = "CERTIFICATE_KEY_VULNERABILITY_CVE-2017-15361"
_DEBIAN: Final = "CERTIFICATE_KEY_VULNERABILITY_CVE-2008-0166"
_CODES: Final = {
    _ROCA: "an Infineon chip or smart card made the key, and it can be factored (ROCA)",
    _DEBIAN: "Debian's OpenSSL of 2006 to 2008 made the key, one of a few that it could make",
}
_DECIDES: Final = (
    "An RSA key of a certificate that is ACTIVE or PENDING_TRANSFER must not have the mark of"
    " Infineon's library modulo 38 small primes, nor stand on the list of Debian's package"
    " openssl-blacklist. Where that package is not installed, a certificate that begins to be valid"
    f" before {MADE_BEFORE:%Y} is undecided; of a younger one it is taken that its key was made"
    " after the fix of 2008. Neither fault touches keys that are not RSA."
)
_REMEDY: Final = "Make a new key with a current library, have it certified, and revoke the old one."

_LEAST_RSA_BITS: Final = 2048
_LEAST_EC_BITS: Final = 224
_SHORT: Final = {"CERTIFICATE_KEY_TOO_SHORT": "the key has fewer bits than is safe today"}
_SHORT_DECIDES: Final = (
    "The key of a certificate that is ACTIVE or PENDING_TRANSFER must have at least 2048 bits (RSA,"
    " DSA) or 224 (elliptic curves)."
)
_SHORT_SOURCE: Final = "NIST SP 800-57 part 1 rev. 5, table 2; AWS IoT registers no shorter RSA key"


class DeviceCertificateKeyQuality:
    """Finds device certificates whose key a known fault made guessable."""

    subject = DeviceCertificate
    meta = CheckMeta(
        name="device-certificate-key-quality",
        title="Keys of device certificates come from sound generators",
        severity="CRITICAL",
        why="Who computes the private key from the public one is the device, for the broker.",
        decides=_DECIDES,
        remedy=_REMEDY,
        needs="the device certificate; /usr/share/openssl-blacklist where it is installed",
        source="AWS IoT Device Defender audit, DEVICE_CERTIFICATE_KEY_QUALITY_CHECK",
        codes=_CODES,
    )

    def __init__(self, debian_keys: DebianKeys | None = None) -> None:
        self._debian_keys = debian_keys or DebianKeys()

    def judge(self, subject: DeviceCertificate, at: datetime) -> Iterator[Finding]:
        del at
        yield from _judge(self.meta, subject, self._debian_keys)


class CaCertificateKeyQuality:
    """Finds certificates of CAs whose key a known fault made guessable."""

    subject = CaCertificate
    meta = CheckMeta(
        name="ca-certificate-key-quality",
        title="Keys of CAs come from sound generators",
        severity="CRITICAL",
        why="Who computes the CA's private key makes devices, or brokers, as he pleases.",
        decides=_DECIDES,
        remedy=_REMEDY,
        needs="publish.cert_file and publish.ca_file; /usr/share/openssl-blacklist where it is"
        " installed",
        source="AWS IoT Device Defender audit, CA_CERTIFICATE_KEY_QUALITY_CHECK",
        codes=_CODES,
    )

    def __init__(self, debian_keys: DebianKeys | None = None) -> None:
        self._debian_keys = debian_keys or DebianKeys()

    def judge(self, subject: CaCertificate, at: datetime) -> Iterator[Finding]:
        del at
        yield from _judge(self.meta, subject, self._debian_keys)


class DeviceCertificateKeyShort:
    """Finds device certificates with a short key."""

    subject = DeviceCertificate
    meta = CheckMeta(
        name="device-certificate-key-short",
        title="Keys of device certificates have at least 2048 bits (RSA) or 224 (EC)",
        severity="HIGH",
        why="A short key is factored with money and patience.",
        decides=_SHORT_DECIDES,
        remedy=_REMEDY,
        needs="the device certificate",
        source=_SHORT_SOURCE,
        codes=_SHORT,
    )

    def judge(self, subject: DeviceCertificate, at: datetime) -> Iterator[Finding]:
        del at
        yield from _judge_size(self.meta, subject)


class CaCertificateKeyShort:
    """Finds certificates of CAs with a short key."""

    subject = CaCertificate
    meta = CheckMeta(
        name="ca-certificate-key-short",
        title="Keys of CAs have at least 2048 bits (RSA) or 224 (EC)",
        severity="HIGH",
        why="A short key is factored with money and patience; a CA's is worth both.",
        decides=_SHORT_DECIDES,
        remedy=_REMEDY,
        needs="publish.cert_file and publish.ca_file",
        source=_SHORT_SOURCE,
        codes=_SHORT,
    )

    def judge(self, subject: CaCertificate, at: datetime) -> Iterator[Finding]:
        del at
        yield from _judge_size(self.meta, subject)


def _judge(
    meta: CheckMeta, subject: DeviceCertificate | CaCertificate, debian_keys: DebianKeys
) -> Iterator[Finding]:
    key = _key(subject)
    if subject.status not in IN_USE or not isinstance(key, rsa.RSAPublicKey):
        return
    modulus = key.public_numbers().n
    if has_fingerprint(modulus):
        reason = f"its RSA key of {key.key_size} bits has ROCA's mark"
        yield meta.finding(certificate_resource(subject), _ROCA, reason)
    listed = _listed(modulus, debian_keys)
    if listed:
        reason = "its RSA key is on the list of openssl-blacklist"
        yield meta.finding(certificate_resource(subject), _DEBIAN, reason)
    elif listed is None and subject.parsed.not_valid_before_utc < MADE_BEFORE:
        raise AuditError(
            f"{subject_of(subject.parsed)}: valid since before {MADE_BEFORE:%Y}, its key may be one"
            " of Debian's weak ones of 2008, and their list is not installed",
            hint=f"replace the key, or put openssl-blacklist into {debian_keys.folder}",
        )


def _listed(modulus: int, debian_keys: DebianKeys) -> bool | None:
    try:
        return debian_keys.lists(modulus)
    except OSError as error:
        raise AuditError(f"{debian_keys.folder} cannot be read: {error.strerror}") from error


def _judge_size(meta: CheckMeta, subject: DeviceCertificate | CaCertificate) -> Iterator[Finding]:
    match _key(subject):
        case rsa.RSAPublicKey() | dsa.DSAPublicKey() as key:
            kind, bits, least = type(key).__name__[:3], key.key_size, _LEAST_RSA_BITS
        case ec.EllipticCurvePublicKey() as key:
            kind, bits, least = f"EC ({key.curve.name})", key.key_size, _LEAST_EC_BITS
        case _:
            return
    if subject.status in IN_USE and bits < least:
        reason = f"its {kind} key has {bits} bits, not {least}"
        yield meta.finding(certificate_resource(subject), "CERTIFICATE_KEY_TOO_SHORT", reason)


def _key(subject: DeviceCertificate | CaCertificate) -> "CertificatePublicKeyTypes":
    try:
        return subject.parsed.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AuditError(
            f"the public key of certificate {subject.certificate_id} cannot be read: {error}"
        ) from error
