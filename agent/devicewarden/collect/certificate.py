"""Days until the device certificate expires; negative once it has."""

import binascii
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from devicewarden.collect.bounded_file import read_bounded, reason
from devicewarden.collect.der_validity import not_after
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import CustomValue, Number

METRIC: Final = "certificate_days_left"
MAX_PEM_BYTES: Final = 65_536
BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
END: Final = b"-----END CERTIFICATE-----"
HINT: Final = (
    "publish.cert_file must be a PEM file, the device certificate first, of 64 KiB at most"
)


def utc_now() -> datetime:
    """Tell the time, aware UTC."""
    return datetime.now(UTC)


def first_certificate(pem: bytes) -> bytes:
    """Give the DER encoding of the first certificate of a PEM file.

    Raises:
        ValueError: there is none, or it is not base64.

    Source: RFC 7468.
    """
    body, ended, _ = pem.partition(BEGIN)[2].partition(END)
    if not ended:
        raise ValueError("no certificate in PEM form")
    return binascii.a2b_base64(b"".join(body.split()), strict_mode=True)


class Certificate:
    """Reads the certificate again whenever its file changed."""

    name = "certificate"

    def __init__(self, path: str, now: Callable[[], datetime] = utc_now) -> None:
        """Read `path`, a PEM file; with an empty path there is nothing to tell."""
        self._path = path
        self._now = now
        self._read: tuple[tuple[int, int, int], datetime] | None = None

    def collect(self) -> Mapping[str, CustomValue]:
        if not self._path:
            return {}
        try:
            expires = self._expires()
        except (OSError, ValueError) as error:
            raise self._error(reason(error)) from error
        except CollectError as error:
            raise self._error(str(error)) from error
        return {METRIC: Number(round((expires - self._now()) / timedelta(days=1), 2))}

    def _expires(self) -> datetime:
        status = Path(self._path).stat()
        version = (status.st_mtime_ns, status.st_size, status.st_ino)
        if self._read is None or self._read[0] != version:
            pem = read_bounded(self._path, MAX_PEM_BYTES)
            self._read = (version, not_after(first_certificate(pem)))
        return self._read[1]

    def _error(self, why: str) -> CollectError:
        return CollectError(f"cannot read the certificate {self._path}: {why}", hint=HINT)
