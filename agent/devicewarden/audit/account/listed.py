"""Lists of certificates, as ListCertificates and ListCACertificates give them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cryptography import x509

from devicewarden.audit.certificate import parse_certificates
from devicewarden.audit.checks.resources import IN_USE
from devicewarden.aws.calls import Calls
from devicewarden.model.errors import AuditError

_PAGE: Final = 250


def in_use(calls: Calls, name: str) -> Iterator[list[Mapping[str, Any]]]:
    """List, page by page, the certificates that are judged; others are not even fetched.

    Raises:
        CallError: the list cannot be read to its end.
    """
    for page in calls.pages(name, pageSize=_PAGE):
        yield [each for each in page["certificates"] if each["status"] in IN_USE]


def certificate_id(listed: Mapping[str, Any]) -> str:
    """Name a listed certificate."""
    found: str = listed["certificateId"]
    return found


def parsed(content: bytes) -> x509.Certificate:
    """Read a certificate, PEM or DER.

    Raises:
        AuditError: it is none.
    """
    try:
        return parse_certificates(content)[0]
    except AuditError as error:
        raise AuditError(f"its certificate cannot be read: {error}") from error
