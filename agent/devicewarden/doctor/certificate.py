"""The device certificate and its key, before anybody is asked to take them."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from devicewarden.collect.bounded_file import read_bounded, reason
from devicewarden.collect.certificate import MAX_PEM_BYTES, first_certificate
from devicewarden.collect.der_validity import validity
from devicewarden.config.settings import PublishSettings
from devicewarden.doctor.verdict import Verdict, failed, ok, skipped, warning
from devicewarden.model.errors import CollectError
from devicewarden.publish.probe_tls import why_no_pair

NOTICE: Final = timedelta(days=30)
NAME: Final = "certificate"


def judge_certificate(settings: PublishSettings, now: datetime) -> Verdict:
    """Judge the certificate file, its dates, and that the key file belongs to it."""
    if not settings.cert_file:
        return skipped(NAME, "publish.cert_file is not set")
    try:
        pem = read_bounded(settings.cert_file, MAX_PEM_BYTES)
        begins, expires = validity(first_certificate(pem))
    except (OSError, ValueError, CollectError) as error:
        why = reason(error) if isinstance(error, OSError | ValueError) else str(error)
        hint = "publish.cert_file must be a PEM file that the agent's user may read"
        return failed(NAME, f"{settings.cert_file}: {why}", hint)
    if settings.key_file and (why := why_no_pair(settings.cert_file, settings.key_file)):
        files = f"{Path(settings.cert_file).name} and {Path(settings.key_file).name}"
        return failed(NAME, f"{files}: {why}", "check publish.cert_file and publish.key_file")
    return judge_dates(begins, expires, now)


def judge_dates(begins: datetime, expires: datetime, now: datetime) -> Verdict:
    """Judge a certificate's validity at a time."""
    if now < begins:
        return failed(
            NAME,
            f"not valid before {begins:%Y-%m-%d %H:%M} UTC, and it is {now:%Y-%m-%d %H:%M} here",
            "is this host's clock right? set it: timedatectl set-ntp true",
        )
    left = expires - now
    told = f"expires on {expires:%Y-%m-%d}, in {left.days} days"
    if left <= timedelta(0):
        return failed(
            NAME, f"expired on {expires:%Y-%m-%d}", "install a new certificate, or set the clock"
        )
    if left < NOTICE:
        return warning(NAME, told, "install a new certificate before")
    return ok(NAME, told)
