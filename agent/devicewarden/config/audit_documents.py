"""Audit documents as the AWS CLI takes them: check configurations, schedules, suppressions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What checks of certificates are told by `auditCheckConfigurations`, in days.

    Attributes:
        device_expiring: DEVICE_CERTIFICATE_EXPIRING_CHECK, 30 to 3652.
        ca_expiring: CA_CERTIFICATE_EXPIRING_CHECK, 30 to 3652.
        device_age: DEVICE_CERTIFICATE_AGE_CHECK, 30 to 3652.

    Source: CERT_EXPIRATION_THRESHOLD_IN_DAYS, CERT_AGE_THRESHOLD_IN_DAYS of the AWS IoT API.
    """

    device_expiring: int = 30
    ca_expiring: int = 30
    device_age: int = 365
