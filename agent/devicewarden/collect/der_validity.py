"""The validity of a certificate, read from its DER encoding: strict, bounded, without recursion.

A library for that would cost the daemon several MiB of memory.
"""

from datetime import UTC, datetime
from typing import Final

INTEGER: Final = 0x02
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
VERSION: Final = 0xA0
LONG_TAG: Final = 0x1F
LONG_LENGTH: Final = 0x80
# 16 MiB, far beyond any certificate.
MAX_LENGTH_BYTES: Final = 3
# Two-digit years, RFC 5280 section 4.1.2.5.1.
FIRST_YEAR_OF_1900S: Final = 50


class BadCertificateError(ValueError):
    """Not the DER encoding of a certificate; the message says why."""


def not_after(certificate: bytes) -> datetime:
    """Tell when a certificate expires, aware UTC.

    Raises:
        BadCertificateError: this is no certificate.
    """
    return validity(certificate)[1]


def validity(certificate: bytes) -> tuple[datetime, datetime]:
    """Tell from when until when a certificate is valid, aware UTC.

    Raises:
        BadCertificateError: this is no certificate.

    Source: RFC 5280 sections 4.1 and 4.1.2.5, X.690 (DER).
    """
    start, end = _enter(certificate, 0, len(certificate), SEQUENCE)
    if end != len(certificate):
        raise BadCertificateError("bytes follow it")
    at, end = _enter(certificate, start, end, SEQUENCE)
    tag, _, behind_version = _element(certificate, at, end)
    if tag == VERSION:
        at = behind_version
    for expected in (INTEGER, SEQUENCE, SEQUENCE):  # serial number, signature algorithm, issuer
        _, at = _enter(certificate, at, end, expected)
    at, end = _enter(certificate, at, end, SEQUENCE)
    begins, at = _time(certificate, at, end)
    expires, at = _time(certificate, at, end)
    if at != end:
        raise BadCertificateError("its validity has more than two times")
    return begins, expires


def _enter(data: bytes, at: int, end: int, expected: int) -> tuple[int, int]:
    """Give start and end of the contents of the element at `at`, which has this tag."""
    tag, start, stop = _element(data, at, end)
    if tag != expected:
        raise BadCertificateError(f"tag {tag:#04x} at byte {at}, not {expected:#04x}")
    return start, stop


def _element(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Give the tag, and start and end of the contents, of the element at `at`."""
    start = at + 2
    if start > end:
        raise BadCertificateError("it is cut off")
    tag, length = data[at], data[at + 1]
    if tag & LONG_TAG == LONG_TAG:
        raise BadCertificateError(f"a long tag at byte {at}")
    if length >= LONG_LENGTH:
        size = length - LONG_LENGTH
        length = int.from_bytes(data[start : start + size], "big")
        start += size
        shortest = max(1, (length.bit_length() + 7) // 8)
        if size > MAX_LENGTH_BYTES or size != shortest or length < LONG_LENGTH:
            raise BadCertificateError(f"a length that DER does not allow at byte {at}")
    if start + length > end:
        raise BadCertificateError("it is cut off")
    return tag, start, start + length


def _time(data: bytes, at: int, end: int) -> tuple[datetime, int]:
    """Give the time at `at`, and where it ends."""
    tag, start, stop = _element(data, at, end)
    digits = data[start : stop - 1]
    year_digits = {UTC_TIME: 2, GENERALIZED_TIME: 4}.get(tag, 0)
    whole = len(digits) == year_digits + 10 and digits.isdigit() and data[stop - 1 : stop] == b"Z"
    if not year_digits or not whole:
        raise BadCertificateError(f"no time at byte {at}")
    year = int(digits[:year_digits])
    if tag == UTC_TIME:
        year += 1900 if year >= FIRST_YEAR_OF_1900S else 2000
    rest = digits[year_digits:]
    month, day, hour, minute, second = (int(rest[i : i + 2]) for i in range(0, 10, 2))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC), stop
    except ValueError as error:
        raise BadCertificateError(f"no time at byte {at}: {error}") from error
