"""The device certificates of the account, of which there may be hundreds of thousands."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC
from functools import partial
from typing import Any, Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from devicewarden.audit.account.authorities import Authorities
from devicewarden.audit.account.calls import CallError
from devicewarden.audit.account.each import Reader
from devicewarden.audit.account.issuers import Issuers
from devicewarden.audit.account.kept import CertificateCache, Kept
from devicewarden.audit.account.listed import certificate_id, in_use, parsed
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.subject import DeviceCertificate, Revocation
from devicewarden.aws.calls import Calls
from devicewarden.model.errors import AuditError

_MISSING: Final = (DeviceCertificate,)

_Listed: TypeAlias = tuple[Mapping[str, Any], Kept | None]
_Read: TypeAlias = tuple[DeviceCertificate, Kept | None]


class Certificates:
    """Reads device certificates: the list each time, what never changes once.

    Args:
        calls: makes the calls.
        authorities: know who issued them.
        issuers: know what is revoked.
        cache: certificates that an earlier audit fetched.
        workers: calls under way at once.
    """

    def __init__(
        self,
        calls: Calls,
        authorities: Authorities,
        issuers: Issuers,
        cache: CertificateCache,
        workers: int,
    ) -> None:
        self._calls = calls
        self._authorities = authorities
        self._issuers = issuers
        self._cache = cache
        self._workers = workers

    def each(self) -> Iterator[DeviceCertificate | Unreadable]:
        """Read those in use."""
        reader = Reader(self._read, _name, _MISSING, self._workers)
        with self._cache:
            for outcome in reader.each(self._listed()):
                if isinstance(outcome, Unreadable):
                    yield outcome
                    continue
                certificate, fetched = outcome
                if fetched is not None:
                    self._cache.keep(fetched)
                yield certificate

    def _listed(self) -> Iterator[_Listed]:
        for page in in_use(self._calls, "iot:ListCertificates"):
            known = self._cache.known([certificate_id(each) for each in page])
            for each in page:
                yield each, known.get(certificate_id(each))
        self._cache.drop_others()

    def _read(self, listed: _Listed) -> _Read:
        certificate, known = listed
        if known is not None:
            # What was damaged on disk is fetched again.
            with suppress(AuditError):
                return self._certificate(certificate, known, parsed(known.der)), None
        answer = self._calls.call("iot:DescribeCertificate", certificateId=_name(listed))
        found = answer["certificateDescription"]
        content = parsed(found["certificatePem"].encode())
        fetched = Kept(
            certificate_id=_name(listed),
            ca=found.get("caCertificateId", ""),
            created_at=found["creationDate"].astimezone(UTC),
            der=content.public_bytes(Encoding.DER),
        )
        return self._certificate(found, fetched, content), fetched

    def _certificate(
        self, current: Mapping[str, Any], kept: Kept, content: x509.Certificate
    ) -> DeviceCertificate:
        issuers, unknown = self._authorities.issuer(kept.ca) if kept.ca else ((), "")
        return DeviceCertificate(
            certificate_id=kept.certificate_id,
            parsed=content,
            status=current["status"],
            activated_at=kept.created_at,
            issuers=issuers,
            revocation=partial(self._revocation, content, issuers, unknown),
        )

    def _revocation(
        self,
        certificate: x509.Certificate,
        issuers: tuple[x509.Certificate, ...],
        unknown: str,
        place: int,
    ) -> Revocation:
        if unknown:
            raise CallError(unknown)
        if place:
            return self._authorities.revocation(issuers[place - 1])
        return self._issuers.of(certificate, issuers[0] if issuers else None)


def _name(listed: _Listed) -> str:
    return certificate_id(listed[0])
