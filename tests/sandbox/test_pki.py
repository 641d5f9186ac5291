"""Certificates that the sandbox makes."""

import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store

from devicewarden.sandbox.pki import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def refused(authority: Authority) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(authority.refused_file.read_bytes())


@pytest.mark.parametrize(
    "name", [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))], ids=["name", "ip"]
)
def test_server_certificate_holds_for_this_machine(
    authority: Authority, tmp_path: Path, name: x509.DNSName | x509.IPAddress
) -> None:
    server = load(authority.issue_server(tmp_path).cert_file)

    verifier = PolicyBuilder().store(Store([load(authority.ca_file)])).build_server_verifier(name)

    assert verifier.verify(server, [])[0] == server


def test_client_certificate_is_signed_by_the_authority_and_names_the_thing(
    authority: Authority, tmp_path: Path
) -> None:
    client = load(authority.issue_client(tmp_path, "edge-1").cert_file)

    names = client.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    purposes = client.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value

    client.verify_directly_issued_by(load(authority.ca_file))
    assert [name.value for name in names] == ["edge-1"]
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_certificate_of_one_authority_means_nothing_to_another(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    client = load(Authority(tmp_path).issue_client(tmp_path, "edge-1").cert_file)
    other = Authority(tmp_path / "other")

    with pytest.raises(InvalidSignature):
        client.verify_directly_issued_by(load(other.ca_file))


def test_certificates_end_within_days(authority: Authority, tmp_path: Path) -> None:
    client = load(authority.issue_client(tmp_path, "edge-1").cert_file)

    now = datetime.now(UTC)

    assert client.not_valid_before_utc < now < client.not_valid_after_utc
    assert client.not_valid_after_utc - now <= timedelta(days=7)


def test_key_fits_its_certificate_and_is_private(authority: Authority, tmp_path: Path) -> None:
    files = authority.issue_client(tmp_path, "edge-1")

    key = serialization.load_pem_private_key(files.key_file.read_bytes(), password=None)

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == load(files.cert_file).public_key()
    assert stat.S_IMODE(files.key_file.stat().st_mode) == 0o600


def test_key_is_private_even_where_a_wide_file_stood(authority: Authority, tmp_path: Path) -> None:
    stale = tmp_path / "private-key.pem"
    stale.write_text("stale")
    stale.chmod(0o644)

    files = authority.issue_client(tmp_path, "edge-1")

    assert stat.S_IMODE(files.key_file.stat().st_mode) == 0o600


def test_private_key_of_the_authority_is_in_no_file(authority: Authority, tmp_path: Path) -> None:
    files = [path for path in tmp_path.rglob("*") if path.is_file()]

    assert sorted(path.name for path in files) == ["ca.pem", "refused.pem"]
    assert not any(b"PRIVATE KEY" in path.read_bytes() for path in files)
    assert authority.ca_file in files


def test_nobody_is_refused_at_first(authority: Authority) -> None:
    assert list(refused(authority)) == []


def test_refused_list_names_exactly_who_is_refused_now(
    authority: Authority, tmp_path: Path
) -> None:
    serial = authority.issue_client(tmp_path, "edge-1").serial

    authority.refuse(frozenset({1, 2}))
    authority.refuse(frozenset({serial}))

    assert [entry.serial_number for entry in refused(authority)] == [serial]
