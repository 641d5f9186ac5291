"""Where a certificate says that its issuer can be asked about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from devicewarden.model.errors import AuditError

_BADLY_ENCODED: Final = (
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""Which the library makes no kinds of ValueError."""

Extension = TypeVar("Extension", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses in a certificate, hostile and of any scheme.

    Attributes:
        lists: of the revocation lists; each has all of the issuer's revoked certificates.
        responders: for OCSP.
        issuers: of the issuer's own certificate.
    """

    lists: tuple[str, ...]
    responders: tuple[str, ...]
    issuers: tuple[str, ...]


def addresses_of(certificate: x509.Certificate) -> Addresses:
    """Read the addresses.

    Raises:
        AuditError: the certificate's extensions cannot be read.

    Source: RFC 5280, sections 4.2.1.13 and 4.2.2.1.
    """
    access = find(certificate, x509.AuthorityInformationAccess)
    described = [
        (each.access_method, each.access_location.value)
        for each in access or ()
        if isinstance(each.access_location, x509.UniformResourceIdentifier)
    ]
    return Addresses(
        lists=tuple(_lists(certificate)),
        responders=tuple(
            url for method, url in described if method == AuthorityInformationAccessOID.OCSP
        ),
        issuers=tuple(
            url for method, url in described if method == AuthorityInformationAccessOID.CA_ISSUERS
        ),
    )


def _lists(certificate: x509.Certificate) -> Iterator[str]:
    for point in find(certificate, x509.CRLDistributionPoints) or ():
        for name in point.full_name or ():
            if isinstance(name, x509.UniformResourceIdentifier):
                yield name.value


def find(
    signed: x509.Certificate | x509.CertificateRevocationList, kind: type[Extension]
) -> Extension | None:
    """Give an extension; None: there is none.

    Raises:
        AuditError: the extensions cannot be read.
    """
    return readable(lambda: _extension(signed, kind))


def _extension(
    signed: x509.Certificate | x509.CertificateRevocationList, kind: type[Extension]
) -> Extension | None:
    try:
        return signed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


Value = TypeVar("Value")


def readable(read: Callable[[], Value]) -> Value:
    """Read something that others encoded.

    Raises:
        AuditError: they did it wrong.
    """
    try:
        return read()
    except (ValueError, TypeError, *_BADLY_ENCODED) as error:
        raise AuditError(f"extensions that cannot be read: {error}") from error
