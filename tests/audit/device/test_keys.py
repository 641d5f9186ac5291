"""Private keys: whose they are, who reads them, and who else has them."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from tests.audit.certificates import Issuer, ec_key, key_pem, pem, rsa_key
from tests.audit.device.tree import Tree, told, undecided

from devicewarden.audit.device.certificates import certificate_id
from devicewarden.audit.device.key_pair import CertificateKeyMismatch
from devicewarden.audit.device.private_key import PrivateKeyReadable
from devicewarden.audit.device.siblings import CertificateSharedWithSibling
from devicewarden.audit.device.trust_store import TrustStoreUnexpected

CERTS = "/etc/devicewarden/certs"
CERT, KEY = f"{CERTS}/cert.pem", f"{CERTS}/private.key"
PAIR: Any = {"cert_file": CERT, "key_file": KEY}
MISMATCH = [(CERT, "CERTIFICATE_KEY_MISMATCH")]
ROOT = Issuer("root")
OWN = ROOT.issue("device")
ENCRYPTED = ec_key("device").private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(ec_key("device"), id="EC"),
        pytest.param(rsa_key(2048), id="RSA"),
        pytest.param(ed25519.Ed25519PrivateKey.generate(), id="Ed25519"),
    ],
)
def test_the_key_of_the_certificate_complies_and_another_does_not(tree: Tree, key: Any) -> None:
    tree.write(CERT, pem(ROOT.issue("device", key=key.public_key())))

    tree.write(KEY, key_pem(key), 0o600)
    right = told(tree.audit(CertificateKeyMismatch(), publish=PAIR))
    tree.write(KEY, key_pem(ec_key("another")), 0o600)
    wrong = told(tree.audit(CertificateKeyMismatch(), publish=PAIR))

    assert (right, wrong) == ([], MISMATCH)


def test_a_chain_that_begins_with_the_ca_does_not_fit_the_key(tree: Tree) -> None:
    tree.write(CERT, pem(ROOT.certificate, OWN))
    tree.write(KEY, key_pem(ec_key("device")), 0o600)

    assert told(tree.audit(CertificateKeyMismatch(), publish=PAIR)) == MISMATCH


@pytest.mark.parametrize(
    "content", [pytest.param(ENCRYPTED, id="encrypted"), b"", b"-----BEGIN PRIVATE KEY-----\n"]
)
def test_a_key_that_cannot_be_read_is_undecided(tree: Tree, content: bytes) -> None:
    tree.write(CERT, pem(OWN))
    tree.write(KEY, content, 0o600)

    assert KEY in undecided(tree.audit(CertificateKeyMismatch(), publish=PAIR))


def test_a_key_in_a_token_has_no_file_to_judge(tree: Tree) -> None:
    tree.write(CERT, pem(OWN))
    token: Any = {"cert_file": CERT, "pkcs11_library": "/usr/lib/token.so"}

    for check in (CertificateKeyMismatch(), PrivateKeyReadable()):
        _, run = tree.audit(check, publish=token)

        assert (run.status, run.resources) == ("COMPLETED_COMPLIANT", 0)


@pytest.mark.parametrize(
    ("mode", "folder", "expected"),
    [
        pytest.param(0o600, 0o700, [], id="as it should be"),
        pytest.param(0o400, 0o755, [], id="in an open folder"),
        pytest.param(0o644, 0o700, [], id="in a closed folder"),
        pytest.param(0o644, 0o755, ["PRIVATE_KEY_READABLE_BY_OTHERS"], id="readable"),
        pytest.param(0o602, 0o755, ["PRIVATE_KEY_READABLE_BY_OTHERS"], id="writable"),
        pytest.param(0o600, 0o777, ["PRIVATE_KEY_REPLACEABLE_BY_OTHERS"], id="replaceable"),
        pytest.param(0o600, 0o1777, [], id="sticky folder"),
    ],
)
def test_a_key_that_others_read_or_replace_does_not_comply(
    tree: Tree, mode: int, folder: int, expected: list[str]
) -> None:
    tree.write(KEY, key_pem(ec_key("device")), mode)
    tree.folder(CERTS, folder)

    found = told(tree.audit(PrivateKeyReadable(), publish={"key_file": KEY}))

    assert found == [(KEY, code) for code in expected]


def test_every_key_beside_the_agents_is_looked_at_and_nothing_else_is(tree: Tree) -> None:
    tree.write(CERT, pem(OWN), 0o644)
    tree.write(f"{CERTS}/old.key.bak", key_pem(ec_key("old")), 0o644)
    tree.folder(f"{CERTS}/folder")

    _, run = result = tree.audit(PrivateKeyReadable())

    assert told(result) == [(f"{CERTS}/old.key.bak", "PRIVATE_KEY_READABLE_BY_OTHERS")]
    assert run.resources == 1


def test_systemds_copies_are_passed_over_for_the_originals(tree: Tree) -> None:
    tree.write(KEY, key_pem(ec_key("device")), 0o644)
    copy = "/run/credentials/devicewarden-audit.service/certs_private.key"
    tree.write(copy, key_pem(ec_key("device")), 0o440)

    found = told(tree.audit(PrivateKeyReadable(), publish={"key_file": copy}))

    assert found == [(KEY, "PRIVATE_KEY_READABLE_BY_OTHERS")]


SIBLINGS: Any = {"publish": {"cert_file": CERT}, "audit": {"siblings_dir": "/srv/fleet"}}


@pytest.mark.parametrize(
    ("fleet", "shared"),
    [
        pytest.param({}, 0, id="nobody"),
        pytest.param({"a": ROOT.issue("a"), "b": ROOT.issue("b")}, 0, id="others"),
        pytest.param({"me": OWN, "a": ROOT.issue("a")}, 0, id="this device among them"),
        pytest.param({"me": OWN, "a": OWN}, 2, id="the same certificate twice"),
        pytest.param(
            {"a": ROOT.issue("a", key=ec_key("device").public_key())}, 1, id="the same key"
        ),
    ],
)
def test_a_key_that_a_sibling_has_too_does_not_comply(
    tree: Tree, fleet: dict[str, Any], shared: int
) -> None:
    tree.write(CERT, pem(OWN))
    for name, certificate in fleet.items():
        tree.write(f"/srv/fleet/{name}.pem", pem(certificate))

    findings, _ = tree.audit(CertificateSharedWithSibling(), **SIBLINGS)

    assert [len(found.related) for found in findings] == ([shared] if shared else [])
    assert all(certificate_id(OWN) in f.resource.identifier.values() for f in findings)


def test_a_sibling_that_cannot_be_read_does_not_hide_the_others(tree: Tree) -> None:
    tree.write(CERT, pem(OWN))
    tree.write("/srv/fleet/a.pem", "nothing")
    tree.write("/srv/fleet/b.pem", pem(ROOT.issue("b", key=ec_key("device").public_key())))

    findings, run = tree.audit(CertificateSharedWithSibling(), **SIBLINGS)

    assert (len(findings), run.status) == (1, "FAILED")
    assert "/srv/fleet/a.pem" in run.undecided[0]


@pytest.mark.parametrize("file", [CERT, "/srv/fleet/a.pem"])
def test_a_key_on_an_unknown_curve_is_undecided(tree: Tree, file: str) -> None:
    curve = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
    tree.write(CERT, pem(OWN))
    tree.write(file, OWN.public_bytes(Encoding.DER).replace(curve, curve[:-1] + b"\x7f"))

    assert file in undecided(tree.audit(CertificateSharedWithSibling(), **SIBLINGS))


def trust(*pins: str, ca_file: str = CERT) -> Any:
    return {
        "publish": {"endpoint": "broker", "ca_file": ca_file},
        "audit": {"trusted_fingerprints": pins},
    }


def test_a_ca_that_is_not_expected_does_not_comply(tree: Tree) -> None:
    pin, other = certificate_id(ROOT.certificate), Issuer("other").certificate
    as_openssl_writes = ":".join(pin[i : i + 2] for i in range(0, 64, 2)).upper()
    check = TrustStoreUnexpected()

    tree.write(CERT, pem(ROOT.certificate))
    right = told(tree.audit(check, **trust(as_openssl_writes)))
    tree.write(CERT, pem(ROOT.certificate, other))
    added = told(tree.audit(check, **trust(pin)))
    nothing_expected = told(tree.audit(check, **trust()))

    assert (right, added, nothing_expected) == ([], [(CERT, "UNEXPECTED_CA")], [])


def test_the_systems_store_is_more_than_was_expected(tree: Tree) -> None:
    found = told(tree.audit(TrustStoreUnexpected(), **trust("0" * 64, ca_file="")))

    assert found == [("/etc/ssl/certs", "UNEXPECTED_CA")]


def test_a_fingerprint_that_is_none_is_undecided(tree: Tree) -> None:
    tree.write(CERT, pem(ROOT.certificate))

    assert "64 digits" in undecided(tree.audit(TrustStoreUnexpected(), **trust("AB:CD")))
