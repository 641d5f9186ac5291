"""Is a certificate revoked? Asks its issuer in the way that settings and certificate allow."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from devicewarden.audit.certificate import parse_certificates
from devicewarden.audit.revocation.addresses import Addresses, addresses_of
from devicewarden.audit.revocation.cache import AnswerCache
from devicewarden.audit.revocation.crl import RevocationList, read_list
from devicewarden.audit.revocation.fetch import Fetch, UnreachableError
from devicewarden.audit.revocation.ocsp import issued_by, question, revoked_at
from devicewarden.audit.subject import Revocation
from devicewarden.config.audit_settings import AuditSettings
from devicewarden.model.errors import AuditError

T = TypeVar("T")

_MAX_LISTS: Final = 4
_MAX_ADDRESSES: Final = 3
_NONE: Final = Revocation(revoked=False, source="")


class Fetches(Protocol):
    """Gets what an issuer's server says."""

    def __call__(self, url: str, body: bytes | None = None) -> bytes:
        """Get an address, or post to it; raises UnreachableError."""
        ...


class Revocations:
    """Asks issuers, for the length of one audit: a server that does not answer is asked once.

    Args:
        settings: way, time-out and cache.
        now: tells the aware UTC time.
        fetch: stands in for HTTP.
    """

    def __init__(
        self,
        settings: AuditSettings,
        now: Callable[[], datetime],
        fetch: Fetches | None = None,
    ) -> None:
        folder = settings.revocation_cache_dir
        self._way = settings.revocation
        self._now = now
        self._fetch = fetch or Fetch(settings.revocation_timeout_s)
        self._cache = AnswerCache(Path(folder) if folder else None)
        self._lists: OrderedDict[tuple[str, bytes], RevocationList] = OrderedDict()
        self._silent: dict[str, str] = {}

    def of(self, certificate: x509.Certificate, issuer: x509.Certificate | None) -> Revocation:
        """Ask about a certificate.

        Args:
            certificate: to ask about.
            issuer: its issuer's; None: it is fetched from where the certificate says it is.

        Returns:
            With an empty source where the certificate names nobody to ask.

        Raises:
            AuditError: it cannot be told, or the settings forbid to ask.
        """
        told = addresses_of(certificate)
        if not (told.lists or told.responders) or issued_by(certificate, certificate):
            return _NONE
        if self._way == "off":
            raise AuditError("nobody was asked: audit.revocation is off")
        asked = self._ask(certificate, told, issuer)
        reasons = []
        for ask in asked:
            try:
                return ask()
            except AuditError as error:
                reasons.append(str(error))
        if not reasons:
            reasons = [f"the certificate names no address for audit.revocation = {self._way}"]
        raise AuditError(
            f"whether {certificate.subject.rfc4514_string()[:200]} is revoked cannot be told:"
            f" {'; '.join(reasons)}"
        )

    def _ask(
        self, certificate: x509.Certificate, told: Addresses, issuer: x509.Certificate | None
    ) -> Iterator[Callable[[], Revocation]]:
        known = partial(self._known_issuer, certificate, told, issuer)
        if self._way != "crl":
            for url in told.responders[:_MAX_ADDRESSES]:
                yield partial(self._by_responder, url, certificate, known)
        if self._way != "ocsp":
            for url in told.lists[:_MAX_ADDRESSES]:
                yield partial(self._by_list, url, certificate, known)

    def _by_responder(
        self, url: str, certificate: x509.Certificate, known: Callable[[], x509.Certificate]
    ) -> Revocation:
        issuer = known()
        asked = question(certificate, issuer)
        revoked, at = self._answer(
            url, asked, lambda content: revoked_at(content, asked, issuer, self._now())
        )
        return Revocation(revoked=revoked, source=url, at=at)

    def _by_list(
        self, url: str, certificate: x509.Certificate, known: Callable[[], x509.Certificate]
    ) -> Revocation:
        issuer = known()
        key = url, issuer.fingerprint(SHA256())
        listed = self._lists.pop(key, None) or self._answer(
            url, None, lambda content: read_list(content, issuer, self._now())
        )
        self._lists[key] = listed
        if len(self._lists) > _MAX_LISTS:
            self._lists.popitem(last=False)
        try:
            at = listed.date(certificate)
        except AuditError as error:
            raise AuditError(f"{url}: {error}") from error
        return Revocation(revoked=at is not None, source=url, at=at)

    def _known_issuer(
        self, certificate: x509.Certificate, told: Addresses, issuer: x509.Certificate | None
    ) -> x509.Certificate:
        """Give the issuer's certificate; one that is fetched proves itself by having signed."""
        if issuer is not None:
            return issuer

        def read(content: bytes) -> x509.Certificate:
            found = parse_certificates(content)[0]
            if not issued_by(certificate, found):
                raise AuditError("not the issuer's certificate")
            return found

        for url in told.issuers[:1]:
            return self._answer(url, None, read)
        raise AuditError("the issuer's certificate is not there, so that no answer can be believed")

    def _answer(self, url: str, asked: bytes | None, read: Callable[[bytes], T]) -> T:
        kept = self._cache.get(url, asked or b"")
        if kept is not None:
            try:
                return read(kept)
            except AuditError:
                pass  # Its time ran out, or the file is damaged: a new one is fetched.
        content = self._fetched(url, asked)
        try:
            result = read(content)
        except AuditError as error:
            if asked is None:
                # The same file again would be as bad for the next certificate.
                self._silent[url] = f"{url}: {error}"
            raise AuditError(f"{url}: {error}") from error
        self._cache.put(url, asked or b"", content)
        return result

    def _fetched(self, url: str, asked: bytes | None) -> bytes:
        if url in self._silent:
            raise AuditError(self._silent[url])
        try:
            return self._fetch(url, asked)
        except UnreachableError as error:
            self._silent[url] = str(error)
            raise
