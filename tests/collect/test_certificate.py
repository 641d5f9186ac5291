import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.collect.certificate import Certificate, first_certificate
from devicewarden.collect.der_validity import BadCertificateError, not_after
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Number

NOW = datetime(2026, 7, 1, tzinfo=UTC)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
KEYS: dict[str, Callable[[], Key]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@cache
def key(kind: str) -> Key:
    return KEYS[kind]()


@cache
def certificate(expires: datetime, kind: str = "ec", names: int = 1) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 60)] * names)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key(kind).public_key())
        .serial_number(2**158 + 1)
        .not_valid_before(min(NOW, expires) - timedelta(days=3650))
        .not_valid_after(expires)
        .sign(key(kind), None if kind == "ed25519" else hashes.SHA256())
    )


def der(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.DER)


def pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


def days_left(path: Path) -> float:
    value = Certificate(str(path), lambda: NOW).collect()["certificate_days_left"]
    assert isinstance(value, Number)
    return value.value


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize(
    "expires",
    [
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), id="utc-time-of-the-1900s"),
        pytest.param(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), id="utc-time"),
        pytest.param(datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), id="last-utc-time"),
        pytest.param(datetime(2050, 1, 1, tzinfo=UTC), id="first-generalized-time"),
        pytest.param(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), id="no-expiry"),
    ],
)
def test_every_certificate_tells_when_it_expires(kind: str, expires: datetime) -> None:
    assert not_after(der(certificate(expires, kind))) == expires


def test_a_large_issuer_is_stepped_over() -> None:
    expires = datetime(2030, 1, 1, tzinfo=UTC)

    assert not_after(der(certificate(expires, names=900))) == expires


@given(
    st.datetimes(datetime(1960, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001 - made aware below
)
def test_any_expiry_is_read_as_it_was_written(moment: datetime) -> None:
    expires = moment.replace(microsecond=0, tzinfo=UTC)

    assert not_after(der(certificate(expires))) == expires


@given(st.integers(0, 2000), st.integers(0, 255))
def test_a_damaged_certificate_fails_in_one_way_only(position: int, byte: int) -> None:
    damaged = bytearray(der(certificate(datetime(2030, 1, 1, tzinfo=UTC))))
    damaged[position % len(damaged)] = byte

    try:
        expires = not_after(bytes(damaged))
    except BadCertificateError:
        return

    assert expires.tzinfo is UTC


@given(st.integers(0, 2000))
def test_a_certificate_cut_off_is_refused(length: int) -> None:
    whole = der(certificate(datetime(2030, 1, 1, tzinfo=UTC)))

    with pytest.raises(BadCertificateError):
        not_after(whole[: length % len(whole)])


@given(st.binary(max_size=300))
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(BadCertificateError):
        not_after(garbage)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        pytest.param(lambda d: d + b"\0", "bytes follow", id="trailing"),
        pytest.param(lambda d: b"\x30\x80" + d[4:] + b"\0\0", "length", id="indefinite-length"),
        pytest.param(lambda d: b"\x30\x83\x00" + d[2:], "length", id="longer-than-needed"),
        pytest.param(lambda d: b"\x30\x84\x00\x00" + d[2:], "length", id="four-byte-length"),
        pytest.param(lambda d: b"\x3f" + d[1:], "long tag", id="long-tag"),
        pytest.param(lambda d: b"\x31" + d[1:], "tag 0x31", id="other-tag"),
        pytest.param(lambda d: d.replace(b"300101000000Z", b"300101000060Z"), "time", id="second"),
        pytest.param(lambda d: d.replace(b"300101000000Z", b"301301000000Z"), "time", id="month"),
        pytest.param(lambda d: d.replace(b"300101000000Z", b"3001010000000"), "time", id="no-z"),
        pytest.param(lambda d: d.replace(b"300101000000Z", b"+01-01000000Z"), "time", id="signs"),
    ],
)
def test_what_der_does_not_allow_is_refused(damage: Callable[[bytes], bytes], reason: str) -> None:
    whole = der(certificate(datetime(2030, 1, 1, tzinfo=UTC)))

    with pytest.raises(BadCertificateError, match=reason):
        not_after(damage(whole))


def test_a_third_time_in_the_validity_is_refused() -> None:
    time = b"\x17\x0d300101000000Z"
    tbs = b"\x02\x01\x01" + b"\x30\x00" * 2 + b"\x30" + bytes([3 * len(time)]) + time * 3
    whole = b"\x30" + bytes([len(tbs) + 2]) + b"\x30" + bytes([len(tbs)]) + tbs

    with pytest.raises(BadCertificateError, match="more than two times"):
        not_after(whole)


@pytest.mark.parametrize(
    ("expires", "days"),
    [
        pytest.param(NOW + timedelta(days=30, hours=12), 30.5, id="valid"),
        pytest.param(NOW, 0.0, id="now"),
        pytest.param(NOW - timedelta(days=2), -2.0, id="expired"),
    ],
)
def test_days_left_may_be_negative(tmp_path: Path, expires: datetime, days: float) -> None:
    path = tmp_path / "device.pem"
    path.write_bytes(pem(certificate(expires)))

    assert days_left(path) == days


def test_the_first_certificate_of_a_chain_counts(tmp_path: Path) -> None:
    path = tmp_path / "device.pem"
    chain = pem(certificate(NOW + timedelta(days=5))) + pem(certificate(NOW + timedelta(days=99)))
    path.write_bytes(b"a comment\n" + chain.replace(b"\n", b"\r\n"))

    assert days_left(path) == 5.0


def test_a_replaced_certificate_is_read_again(tmp_path: Path) -> None:
    path, new = tmp_path / "device.pem", tmp_path / "new.pem"
    path.write_bytes(pem(certificate(NOW + timedelta(days=5))))
    collector = Certificate(str(path), lambda: NOW)
    before = collector.collect()
    new.write_bytes(pem(certificate(NOW + timedelta(days=365))))
    new.replace(path)

    after = collector.collect()

    assert before == {"certificate_days_left": Number(5.0)}
    assert after == {"certificate_days_left": Number(365.0)}


def test_an_unchanged_certificate_is_not_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "device.pem"
    path.write_bytes(pem(certificate(NOW + timedelta(days=5))))
    collector = Certificate(str(path), lambda: NOW)
    before = collector.collect()
    monkeypatch.delattr(os, "open")

    assert collector.collect() == before


def test_without_a_certificate_there_is_nothing_to_tell() -> None:
    assert Certificate("").collect() == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "no certificate", id="empty"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nAAAA", "no certificate", id="no-end"),
        pytest.param(
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "no certificate",
            id="a-key",
        ),
        pytest.param(
            pem(certificate(NOW)).replace(b"\nMII", b"\n*MII"), "only base64", id="not-base64"
        ),
        pytest.param(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "tag", id="no-der"
        ),
        pytest.param(b"x" * 65_537, "larger", id="large"),
    ],
)
def test_a_bad_file_is_an_error_with_a_hint(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "device.pem"
    path.write_bytes(content)

    with pytest.raises(CollectError, match=f"(?i){reason}") as caught:
        days_left(path)

    assert "publish.cert_file" in caught.value.hint


@pytest.mark.parametrize("name", ["absent", "nul\0", "."])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(CollectError, match="cannot read the certificate"):
        Certificate(str(tmp_path / name)).collect()


@given(st.binary(max_size=300))
def test_any_pem_fails_as_a_value_error_only(garbage: bytes) -> None:
    wrapped = b"-----BEGIN CERTIFICATE-----\n" + garbage + b"\n-----END CERTIFICATE-----\n"

    with pytest.raises(ValueError, match=r"\w"):
        not_after(first_certificate(wrapped))
