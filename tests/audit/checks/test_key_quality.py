"""Keys that known faults made guessable, and short ones."""

from datetime import UTC, datetime
from functools import cache
from itertools import count
from math import prod
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.certificates import (
    DAY,
    Issuer,
    ca_certificate,
    codes,
    device_certificate,
    rsa_key,
)

from devicewarden.audit.checks.debian_keys import MADE_BEFORE, DebianKeys, fingerprint
from devicewarden.audit.checks.key_quality import (
    CaCertificateKeyQuality,
    CaCertificateKeyShort,
    DeviceCertificateKeyQuality,
    DeviceCertificateKeyShort,
)
from devicewarden.audit.checks.roca import has_fingerprint
from devicewarden.model.errors import AuditError

ROOT = Issuer("root")
ROCA = "CERTIFICATE_KEY_VULNERABILITY_CVE-2017-15361"
DEBIAN = "CERTIFICATE_KEY_VULNERABILITY_CVE-2008-0166"
SMALL_PRIMES = [p for p in range(3, 168) if all(p % q for q in range(2, p))]
OLD = {"begins": datetime(2008, 1, 1, tzinfo=UTC), "expires": datetime(2030, 1, 1, tzinfo=UTC)}


def is_prime(number: int) -> bool:
    return all(number % p for p in SMALL_PRIMES) and pow(2, number - 1, number) == 1


@cache
def infineon_prime(exponent: int) -> int:
    """Make a prime as the library did: k M + (65537^a mod M)."""
    product = prod(SMALL_PRIMES) * 2
    rest = pow(65537, exponent, product)
    start = (3 << 510) // product
    return next(p for k in count(start) if is_prime(p := k * product + rest))


def infineon_key() -> rsa.RSAPublicKey:
    modulus = infineon_prime(1234) * infineon_prime(777)
    return rsa.RSAPublicNumbers(65537, modulus).public_key()


def subject(key: Any, **dates: Any) -> Any:
    return device_certificate(ROOT.issue(key=key, **dates))


@given(st.integers(0, 10**6), st.integers(1, 10**40))
def test_every_modulus_made_as_infineon_did_has_the_mark(exponent: int, factor: int) -> None:
    product = prod(SMALL_PRIMES)

    assert has_fingerprint(factor * product + pow(65537, exponent, product))


def test_moduli_of_others_have_not_the_mark() -> None:
    assert not has_fingerprint(rsa_key(2048).public_key().public_numbers().n)
    assert not has_fingerprint(rsa_key(1024).public_key().public_numbers().n)


def test_a_key_with_rocas_mark_does_not_comply() -> None:
    check, key = DeviceCertificateKeyQuality(), infineon_key()

    assert codes(check, subject(key)) == [ROCA]
    assert codes(CaCertificateKeyQuality(), ca_certificate(ROOT.issue(key=key))) == [ROCA]


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(rsa_key(2048).public_key(), id="RSA"),
        pytest.param(ec.generate_private_key(ec.SECP384R1()).public_key(), id="EC"),
        pytest.param(ed25519.Ed25519PrivateKey.generate().public_key(), id="Ed25519"),
    ],
)
def test_keys_of_today_comply(key: Any, tmp_path: Path) -> None:
    debian_keys = DebianKeys(tmp_path)

    assert codes(DeviceCertificateKeyQuality(debian_keys), subject(key)) == []
    assert codes(DeviceCertificateKeyShort(), subject(key)) == []


def test_a_key_on_debians_list_does_not_comply(tmp_path: Path) -> None:
    key = rsa_key(1024).public_key()
    digest = fingerprint(key.public_numbers().n)
    listed = f"# a list of weak keys\n{'0' * 20}\n{digest}\n{'f' * 20}\n"
    (tmp_path / "blacklist.RSA-1024").write_text(listed)
    check = DeviceCertificateKeyQuality(DebianKeys(tmp_path))

    assert codes(check, subject(key, **OLD)) == [DEBIAN]


def test_a_key_that_is_not_on_debians_list_complies(tmp_path: Path) -> None:
    (tmp_path / "blacklist.RSA-1024").write_text(f"{'0' * 20}\n")
    check = DeviceCertificateKeyQuality(DebianKeys(tmp_path))

    assert codes(check, subject(rsa_key(1024).public_key(), **OLD)) == []


def test_the_fingerprint_is_the_one_of_openssl_vulnkey() -> None:
    # `printf 'Modulus=C0FFEE\n' | sha1sum`, the last 20 digits.
    assert fingerprint(0xC0FFEE) == "6149ed99475722f13e18"


@pytest.mark.parametrize("young", [False, True])
def test_without_the_list_only_old_certificates_are_undecided(
    tmp_path: Path, *, young: bool
) -> None:
    begins = MADE_BEFORE if young else MADE_BEFORE - DAY
    old_or_not = subject(rsa_key(2048).public_key(), **{**OLD, "begins": begins})
    check = DeviceCertificateKeyQuality(DebianKeys(tmp_path))

    if young:
        assert codes(check, old_or_not) == []
    else:
        with pytest.raises(AuditError, match="not installed"):
            codes(check, old_or_not)


def test_a_list_that_cannot_be_read_is_undecided(tmp_path: Path) -> None:
    (tmp_path / "blacklist.RSA-2048").mkdir()
    check = DeviceCertificateKeyQuality(DebianKeys(tmp_path))

    with pytest.raises(AuditError, match="cannot be read"):
        codes(check, subject(rsa_key(2048).public_key()))


def test_sizes_that_debian_never_made_are_on_no_list(tmp_path: Path) -> None:
    check = DeviceCertificateKeyQuality(DebianKeys(tmp_path))

    assert codes(check, subject(rsa_key(1536).public_key(), **OLD)) == []


@pytest.mark.parametrize(
    ("key", "short"),
    [
        pytest.param(rsa_key(1024).public_key(), True, id="RSA 1024"),
        pytest.param(rsa_key(2048).public_key(), False, id="RSA 2048"),
        pytest.param(
            ec.generate_private_key(ec.SECP192R1()).public_key(), True, id="EC of 192 bits"
        ),
        pytest.param(
            ec.generate_private_key(ec.SECP224R1()).public_key(), False, id="EC of 224 bits"
        ),
        pytest.param(dsa.generate_private_key(1024).public_key(), True, id="DSA"),  # noqa: S505  on purpose
        pytest.param(ed25519.Ed25519PrivateKey.generate().public_key(), False, id="Ed25519"),
    ],
)
def test_short_keys_do_not_comply(key: Any, *, short: bool) -> None:
    expected = ["CERTIFICATE_KEY_TOO_SHORT"] if short else []

    assert codes(DeviceCertificateKeyShort(), subject(key)) == expected
    assert codes(CaCertificateKeyShort(), ca_certificate(ROOT.issue(key=key))) == expected


def test_short_keys_that_are_not_in_use_are_not_judged() -> None:
    certificate = ROOT.issue(key=rsa_key(1024).public_key())
    inactive = device_certificate(certificate, status="INACTIVE")

    assert codes(DeviceCertificateKeyShort(), inactive) == []
    assert codes(DeviceCertificateKeyQuality(), inactive) == []
