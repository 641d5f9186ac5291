"""Revocation lists: bytes -> what the issuer has revoked, or why that cannot be told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from devicewarden.audit.revocation.addresses import find, readable
from devicewarden.model.errors import AuditError

SKEW: Final = timedelta(minutes=5)
"""Clocks of two machines are never quite the same."""

_PEM: Final = b"-----BEGIN X509 CRL-----"


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list that its issuer signed.

    Attributes:
        signed: what the issuer signed; its entries are not unpacked, which would take seven times
            its size, but gone through for each question: 16 MiB take 50 ms.
        good_until: it is the newest until then, aware UTC.
        scope: which certificates it speaks of; None: all of its issuer's.
    """

    signed: x509.CertificateRevocationList
    good_until: datetime
    scope: x509.IssuingDistributionPoint | None

    def date(self, certificate: x509.Certificate) -> datetime | None:
        """Tell when a certificate of its issuer was revoked; None: it was not.

        Raises:
            AuditError: the list does not speak of such certificates.
        """
        serial = certificate.serial_number
        found = readable(lambda: self.signed.get_revoked_certificate_by_serial_number(serial))
        if found is not None:
            return found.revocation_date_utc
        if self.scope is not None and not _covers(self.scope, certificate):
            raise AuditError("the list does not speak of such a certificate")
        return None


def read_list(content: bytes, issuer: x509.Certificate, now: datetime) -> RevocationList:
    """Read a list, DER or PEM, and believe it for the issuer's signature alone.

    Raises:
        AuditError: no list, not the issuer's, of the past, or a part of one.

    Source: RFC 5280, sections 5 and 6.3.
    """
    read = x509.load_pem_x509_crl if _PEM in content[:4096] else x509.load_der_x509_crl
    try:
        crl = read(content)
        good_until = crl.next_update_utc
        begins = crl.last_update_utc
    except (ValueError, TypeError, x509.InvalidVersion) as error:
        raise AuditError(f"no revocation list: {error}") from error
    _believe(crl, issuer)
    if begins > now + SKEW:
        raise AuditError(f"a revocation list of the future, {begins:%Y-%m-%d}: is the clock right?")
    if good_until is None or good_until < now:
        raise AuditError(f"a revocation list that ran out on {good_until or begins:%Y-%m-%d}")
    if find(crl, x509.DeltaCRLIndicator) is not None:
        raise AuditError("a part of a revocation list")
    scope = find(crl, x509.IssuingDistributionPoint)
    if scope is not None and scope.indirect_crl:
        raise AuditError("a revocation list of several issuers")
    return RevocationList(crl, good_until, scope)


def _believe(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> None:
    usage = find(issuer, x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        raise AuditError("the issuer may not sign revocation lists")
    try:
        sound = crl.issuer == issuer.subject and crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # keys that cannot sign are a TypeError
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AuditError(f"the list's signature cannot be checked: {error}") from error
    if not sound:
        raise AuditError("a revocation list that the issuer has not signed")


def _covers(scope: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> bool:
    """Tell whether a list speaks of a certificate.

    A CA may spread its certificates over several lists, all with its signature: who stands between
    could answer with the list of others. So a list that has a name must have one of those that the
    certificate gives it, RFC 5280, section 6.3.3 (b)(2)(i).
    """
    constraints = find(certificate, x509.BasicConstraints)
    is_ca = constraints is not None and constraints.ca
    return not (
        (scope.only_contains_user_certs and is_ca)
        or (scope.only_contains_ca_certs and not is_ca)
        or scope.only_contains_attribute_certs
        or scope.only_some_reasons
        or scope.relative_name is not None
        or not _shares_name(scope, certificate)
    )


def _shares_name(scope: x509.IssuingDistributionPoint, certificate: x509.Certificate) -> bool:
    points = find(certificate, x509.CRLDistributionPoints) or ()
    named = {name for point in points for name in point.full_name or ()}
    return scope.full_name is None or not named.isdisjoint(scope.full_name)
