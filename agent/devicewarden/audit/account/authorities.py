"""The CAs whose certificates are registered in the account."""

from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, Final

from cryptography import x509

from devicewarden.audit.account.calls import AbsentError
from devicewarden.audit.account.each import Reader
from devicewarden.audit.account.issuers import Issuers
from devicewarden.audit.account.listed import certificate_id, in_use, parsed
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.subject import CaCertificate
from devicewarden.aws.calls import Calls
from devicewarden.model.errors import AuditError

_MOST: Final = 1000


class Authorities:
    """Reads CAs; one that issued many certificates is read and asked about once.

    Args:
        calls: makes the calls.
        issuers: know what is revoked.
        workers: calls under way at once.
    """

    def __init__(self, calls: Calls, issuers: Issuers, workers: int) -> None:
        self._calls = calls
        self._workers = workers
        self._described = lru_cache(_MOST)(self._describe)
        self.issuer = lru_cache(_MOST)(self._issuer)
        self.revocation = lru_cache(_MOST)(partial(issuers.of, issuer=None))

    def each(self) -> Iterator[CaCertificate | Unreadable]:
        """Read those in use."""
        reader = Reader(self._read, certificate_id, (CaCertificate,), self._workers)
        listed = in_use(self._calls, "iot:ListCACertificates")
        yield from reader.each(certificate for page in listed for certificate in page)

    def _read(self, listed: Mapping[str, Any]) -> CaCertificate:
        found = self._described(certificate_id(listed))
        certificate = parsed(found["certificatePem"].encode())
        return CaCertificate(
            certificate_id=certificate_id(listed),
            parsed=certificate,
            status=found["status"],
            revocation=partial(self.revocation, certificate),
        )

    def _issuer(self, ca: str) -> tuple[tuple[x509.Certificate, ...], str]:
        """Give the certificate of a CA that signed others, or else why it cannot be read.

        An issuer that the account no longer has is simply not there.
        """
        try:
            return (parsed(self._described(ca)["certificatePem"].encode()),), ""
        except AbsentError:
            return (), ""
        except AuditError as error:
            return (), f"its issuer cannot be read: {error}"

    def _describe(self, ca: str) -> Mapping[str, Any]:
        answer = self._calls.call("iot:DescribeCACertificate", certificateId=ca)
        found: Mapping[str, Any] = answer["certificateDescription"]
        return found
