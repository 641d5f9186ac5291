"""Certificates that have been in use for long."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from devicewarden.audit.check import CheckMeta
from devicewarden.audit.checks.resources import IN_USE, certificate_resource
from devicewarden.audit.subject import DeviceCertificate
from devicewarden.model.finding import Finding


class DeviceCertificateAge:
    """Finds device certificates that have been active for longer than a year."""

    subject = DeviceCertificate
    meta = CheckMeta(
        name="device-certificate-age",
        title="Device certificates are replaced once a year",
        severity="LOW",
        why="The longer a key is in use, the likelier it is that somebody has copied it; those that"
        " AWS IoT issues are valid until the end of 2049.",
        decides="A certificate that is ACTIVE or PENDING_TRANSFER must not have been so for 365"
        " days; CERT_AGE_THRESHOLD_IN_DAYS sets another number, 30 to 3652. On the device, where"
        " nobody knows when it was activated, its age counts from the first day it is valid.",
        remedy="Issue a certificate for a new key, install it, then deactivate the old one.",
        needs="the device certificate",
        source="AWS IoT Device Defender audit, DEVICE_CERTIFICATE_AGE_CHECK",
        codes={"CERTIFICATE_PAST_AGE_THRESHOLD": "it has been active for too many days"},
    )

    def __init__(self, days: int = 365) -> None:
        self._most = timedelta(days=days)

    def judge(self, subject: DeviceCertificate, at: datetime) -> Iterator[Finding]:
        age = at - subject.activated_at
        if subject.status in IN_USE and age >= self._most:
            reason = f"in use for {age.days} days, since {subject.activated_at:%Y-%m-%d}"
            resource = certificate_resource(subject)
            yield self.meta.finding(resource, "CERTIFICATE_PAST_AGE_THRESHOLD", reason)
