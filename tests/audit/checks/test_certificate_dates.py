"""How long certificates are valid, and have been in use."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.certificates import (
    AT,
    DAY,
    Issuer,
    ca_certificate,
    codes,
    device_certificate,
    judged,
)

from devicewarden.audit.checks.certificate_age import DeviceCertificateAge
from devicewarden.audit.checks.certificate_expiring import (
    CaCertificateExpiring,
    DeviceCertificateExpiring,
)
from devicewarden.audit.subject import CertificateStatus

ROOT = Issuer("root")
SOON, PAST = "CERTIFICATE_APPROACHING_EXPIRATION", "CERTIFICATE_PAST_EXPIRATION"


def expiring(left: timedelta) -> x509.Certificate:
    return ROOT.issue(begins=AT - 5000 * DAY, expires=AT + left)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        pytest.param(31 * DAY, [], id="31 days"),
        pytest.param(30 * DAY + timedelta(seconds=1), [], id="a second more than 30 days"),
        pytest.param(30 * DAY, [SOON], id="30 days"),
        pytest.param(timedelta(0), [SOON], id="now"),
        pytest.param(timedelta(seconds=-1), [PAST], id="a second ago"),
        pytest.param(-900 * DAY, [PAST], id="years ago"),
    ],
)
def test_a_certificate_with_30_days_left_or_less_does_not_comply(
    left: timedelta, expected: list[str]
) -> None:
    certificate = expiring(left)

    assert codes(DeviceCertificateExpiring(), device_certificate(certificate)) == expected
    assert codes(CaCertificateExpiring(), ca_certificate(certificate)) == expected


@given(left=st.integers(-4000, 4000), notice=st.integers(30, 3652))
def test_only_who_has_fewer_days_left_than_the_notice_is_found(left: int, notice: int) -> None:
    found = judged(DeviceCertificateExpiring(notice), device_certificate(expiring(left * DAY)))

    assert bool(found) == (left <= notice)


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        pytest.param(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), [], id="year 9999"),
        pytest.param(datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), [], id="as AWS IoT issues"),
        pytest.param(datetime(1951, 1, 1, tzinfo=UTC), [PAST], id="1951"),
    ],
)
def test_dates_at_the_ends_of_the_calendar_are_judged(
    expires: datetime, expected: list[str]
) -> None:
    begins = datetime(1950, 1, 1, tzinfo=UTC)
    subject = device_certificate(ROOT.issue(begins=begins, expires=expires))

    assert codes(DeviceCertificateExpiring(), subject) == expected
    assert codes(DeviceCertificateAge(), subject) == ["CERTIFICATE_PAST_AGE_THRESHOLD"]


def test_the_finding_names_certificate_and_day() -> None:
    certificate = expiring(17 * DAY)

    (found,) = judged(
        DeviceCertificateExpiring(), device_certificate(certificate, path="/etc/cert.pem")
    )

    assert found.resource.type == "DEVICE_CERTIFICATE"
    assert len(found.resource.identifier["deviceCertificateId"]) == 64
    assert found.resource.info["EXPIRATION_TIME"] == str(int((AT + 17 * DAY).timestamp()) * 1000)
    assert found.resource.info["path"] == "/etc/cert.pem"
    assert found.reason == "expires on 2026-03-18, in 17 days"


@pytest.mark.parametrize("status", ["INACTIVE", "REVOKED", "PENDING_ACTIVATION"])
def test_certificates_that_are_not_in_use_are_not_judged(status: CertificateStatus) -> None:
    subject = device_certificate(expiring(DAY), status=status, activated_at=AT - 900 * DAY)

    assert codes(DeviceCertificateExpiring(), subject) == []
    assert codes(DeviceCertificateAge(), subject) == []


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param(364, [], id="364 days"),
        pytest.param(365, ["CERTIFICATE_PAST_AGE_THRESHOLD"], id="365 days"),
        pytest.param(-1, [], id="not valid yet"),
    ],
)
def test_a_certificate_in_use_for_a_year_does_not_comply(days: int, expected: list[str]) -> None:
    subject = device_certificate(ROOT.issue(), activated_at=AT - days * DAY)

    assert codes(DeviceCertificateAge(), subject) == expected


def test_the_age_that_counts_is_a_setting() -> None:
    subject = device_certificate(ROOT.issue(), activated_at=AT - 100 * DAY)

    assert codes(DeviceCertificateAge(90), subject) == ["CERTIFICATE_PAST_AGE_THRESHOLD"]
