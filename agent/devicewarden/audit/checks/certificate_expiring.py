"""Certificates that expire soon, or have expired."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.checks.resources import IN_USE, certificate_resource
from devicewarden.audit.subject import CaCertificate, DeviceCertificate
from devicewarden.model.finding import Finding

_CODES: Final = {
    "CERTIFICATE_APPROACHING_EXPIRATION": "it expires within the number of days",
    "CERTIFICATE_PAST_EXPIRATION": "it has expired",
}
_DECIDES: Final = (
    "A certificate that is ACTIVE or PENDING_TRANSFER must be valid for more than 30 days;"
    " CERT_EXPIRATION_THRESHOLD_IN_DAYS sets another number, 30 to 3652."
)


class DeviceCertificateExpiring:
    """Finds device certificates with few days left."""

    subject = DeviceCertificate
    meta = CheckMeta(
        name="device-certificate-expiring",
        title="Device certificates are valid for at least 30 more days",
        severity="MEDIUM",
        why="A device whose certificate has expired cannot connect, report or be updated.",
        decides=_DECIDES,
        remedy="Issue and install a new certificate, then deactivate the old one.",
        needs="the device certificate",
        source="AWS IoT Device Defender audit, DEVICE_CERTIFICATE_EXPIRING_CHECK",
        codes=_CODES,
    )

    def __init__(self, days: int = 30) -> None:
        self._notice = timedelta(days=days)

    def judge(self, subject: DeviceCertificate, at: datetime) -> Iterator[Finding]:
        yield from _judge(self.meta, subject, at, self._notice)


class CaCertificateExpiring:
    """Finds certificates of CAs with few days left."""

    subject = CaCertificate
    meta = CheckMeta(
        name="ca-certificate-expiring",
        title="Certificates of CAs are valid for at least 30 more days",
        severity="MEDIUM",
        why="Once the CA has expired no device is registered by it, and where the broker's CA has"
        " expired no device connects.",
        decides=f"{_DECIDES} On the device these are the issuers in publish.cert_file, and the"
        " certificates of publish.ca_file.",
        remedy="Register the CA's new certificate, and install it on the devices, before the old"
        " one expires.",
        needs="publish.cert_file and publish.ca_file",
        source="AWS IoT Device Defender audit, CA_CERTIFICATE_EXPIRING_CHECK",
        codes=_CODES,
    )

    def __init__(self, days: int = 30) -> None:
        self._notice = timedelta(days=days)

    def judge(self, subject: CaCertificate, at: datetime) -> Iterator[Finding]:
        yield from _judge(self.meta, subject, at, self._notice)


def _judge(
    meta: CheckMeta,
    subject: DeviceCertificate | CaCertificate,
    at: datetime,
    notice: timedelta,
) -> Iterator[Finding]:
    expires = subject.parsed.not_valid_after_utc
    if subject.status not in IN_USE or expires - at > notice:
        return
    resource = certificate_resource(subject)
    if expires < at:
        reason = f"expired on {expires:%Y-%m-%d}"
        yield meta.finding(resource, "CERTIFICATE_PAST_EXPIRATION", reason)
    else:
        reason = f"expires on {expires:%Y-%m-%d}, in {(expires - at).days} days"
        yield meta.finding(resource, "CERTIFICATE_APPROACHING_EXPIRATION", reason)
