"""What issuers say of a fleet's certificates."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from cryptography import x509

from devicewarden.audit.revocation.ask import Fetches, Revocations
from devicewarden.audit.subject import Revocation
from devicewarden.config.audit_settings import AuditSettings
from devicewarden.model.errors import AuditError


class Issuers:
    """Asks issuers: for their lists first, for one list answers for a whole fleet.

    A device, which has one certificate to ask about, asks the responder first.

    Args:
        settings: way, time-out and cache.
        fetch: stands in for HTTP.
    """

    def __init__(self, settings: AuditSettings, fetch: Fetches | None = None) -> None:
        lists, responders = (
            replace(settings, revocation="crl"),
            replace(settings, revocation="ocsp"),
        )
        asked = [lists, responders] if settings.revocation == "both" else [settings]
        now = partial(datetime.now, UTC)
        self._asked = [Revocations(each, now, fetch) for each in asked]

    def of(self, certificate: x509.Certificate, issuer: x509.Certificate | None) -> Revocation:
        """Ask about a certificate.

        Raises:
            AuditError: it cannot be told.
        """
        unknown: AuditError | None = None
        for revocations in self._asked:
            try:
                return revocations.of(certificate, issuer)
            except AuditError as error:
                unknown = unknown or error
        raise unknown or AuditError("nobody was asked")
