"""Certificates of devices and of CAs that AWS IoT knows."""

from collections.abc import Iterator, Mapping
from datetime import UTC
from functools import lru_cache, partial
from typing import Any, Final

from cryptography import x509

from devicewarden.audit.account.calls import AbsentError, CallError, Calls
from devicewarden.audit.account.each import Reader
from devicewarden.audit.account.issuers import Issuers
from devicewarden.audit.checks.resources import IN_USE
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.subject import CaCertificate, DeviceCertificate, Revocation
from devicewarden.model.errors import AuditError

_PAGE: Final = 250
_KEPT_CAS: Final = 256


class Certificates:
    """Reads certificates; a CA that issued many is fetched once.

    Args:
        calls: makes the calls.
        issuers: know what is revoked.
        workers: calls under way at once.
    """

    def __init__(self, calls: Calls, issuers: Issuers, workers: int) -> None:
        self._calls = calls
        self._known = issuers
        self._workers = workers
        self._ca = lru_cache(_KEPT_CAS)(self._fetch_ca)
        self._of_ca = lru_cache(_KEPT_CAS)(partial(issuers.of, issuer=None))

    def of_devices(self) -> Iterator[DeviceCertificate | Unreadable]:
        """Read the device certificates in use, of which there may be hundreds of thousands."""
        reader = Reader(self._device, _id, (DeviceCertificate,), self._workers)
        yield from reader.each(self._listed("iot:ListCertificates"))

    def of_cas(self) -> Iterator[CaCertificate | Unreadable]:
        """Read the certificates of registered CAs in use."""
        reader = Reader(self._registered_ca, _id, (CaCertificate,), self._workers)
        yield from reader.each(self._listed("iot:ListCACertificates"))

    def _listed(self, name: str) -> Iterator[Mapping[str, Any]]:
        for page in self._calls.pages(name, pageSize=_PAGE):
            # Others are not judged, so they are not even fetched.
            yield from (each for each in page["certificates"] if each["status"] in IN_USE)

    def _device(self, listed: Mapping[str, Any]) -> DeviceCertificate:
        answer = self._calls.call("iot:DescribeCertificate", certificateId=_id(listed))
        found = answer["certificateDescription"]
        parsed = _parsed(found)
        issuers, unknown = self._issuers(found.get("caCertificateId"))
        chain = (parsed, *issuers)
        return DeviceCertificate(
            certificate_id=_id(listed),
            parsed=parsed,
            status=found["status"],
            activated_at=found["creationDate"].astimezone(UTC),
            issuers=issuers,
            revocation=partial(self._revocation, chain, unknown),
        )

    def _issuers(self, ca: str | None) -> tuple[tuple[x509.Certificate, ...], str]:
        """Give the issuer that the account knows, or else why it does not."""
        if not ca:
            return (), ""
        try:
            return (_parsed(self._ca(ca)),), ""
        except AbsentError:
            return (), ""
        except AuditError as error:
            return (), f"its issuer cannot be read: {error}"

    def _revocation(
        self, chain: tuple[x509.Certificate, ...], unknown: str, place: int
    ) -> Revocation:
        if unknown:
            raise CallError(unknown)
        if place:
            return self._of_ca(chain[place])
        return self._known.of(chain[0], chain[1] if len(chain) > 1 else None)

    def _registered_ca(self, listed: Mapping[str, Any]) -> CaCertificate:
        found = self._ca(_id(listed))
        parsed = _parsed(found)
        return CaCertificate(
            certificate_id=_id(listed),
            parsed=parsed,
            status=found["status"],
            revocation=partial(self._of_ca, parsed),
        )

    def _fetch_ca(self, ca: str) -> Mapping[str, Any]:
        answer = self._calls.call("iot:DescribeCACertificate", certificateId=ca)
        found: Mapping[str, Any] = answer["certificateDescription"]
        return found


def _id(listed: Mapping[str, Any]) -> str:
    found: str = listed["certificateId"]
    return found


def _parsed(found: Mapping[str, Any]) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(found["certificatePem"].encode())
    except ValueError as error:
        raise AuditError(f"its certificate cannot be read: {error}") from error
