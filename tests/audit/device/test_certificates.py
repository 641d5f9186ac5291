"""Certificate files as people leave them, and the chains in them."""

from itertools import permutations
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.audit.certificates import AT, DAY, Issuer, ec_key, pem, serials
from tests.audit.device.tree import Tree, told, undecided

from devicewarden.audit.checks.certificate_expiring import (
    CaCertificateExpiring,
    DeviceCertificateExpiring,
)
from devicewarden.audit.device.certificates import arrange
from devicewarden.audit.subject import CaCertificate, DeviceCertificate

CERT, CA = "/etc/devicewarden/certs/cert.pem", "/etc/devicewarden/ca.pem"
FILES: Any = {"cert_file": CERT, "ca_file": CA}
ROOT = Issuer("root")
MIDDLE = Issuer("middle", ROOT)
OWN = MIDDLE.issue("device")
CHAIN = (OWN, MIDDLE.certificate, ROOT.certificate)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_chain_is_found_in_any_order(order: tuple[int, ...]) -> None:
    chain = arrange([CHAIN[place] for place in order], ())

    assert serials((chain.own, *chain.issuers)) == serials(CHAIN)


def test_the_chain_goes_on_in_the_trust_store_and_ends_where_nothing_is_known() -> None:
    stranger = Issuer("middle", key=ec_key("stranger")).certificate

    known = arrange([OWN, MIDDLE.certificate], [stranger, ROOT.certificate])
    unknown = arrange([OWN], [stranger, ROOT.certificate])

    assert serials(known.issuers) == serials(CHAIN[1:])
    assert unknown.issuers == ()


def test_certificates_that_issued_each_other_are_no_endless_chain() -> None:
    first, second = Issuer("first"), Issuer("second")
    crossed = [second.issue("first"), first.issue("second")]

    chain = arrange(crossed, ())

    assert len(chain.issuers) == 1


def test_each_certificate_is_given_once(tree: Tree) -> None:
    tree.write(CERT, pem(OWN, MIDDLE.certificate))
    tree.write(CA, pem(ROOT.certificate, MIDDLE.certificate, ROOT.certificate))

    own = list(tree.subjects(DeviceCertificate, publish=FILES))
    cas = list(tree.subjects(CaCertificate, publish=FILES))

    assert [each.path for each in own] == [CERT]
    assert [(each.parsed.subject, each.path) for each in cas] == [
        (MIDDLE.certificate.subject, CERT),
        (ROOT.certificate.subject, CA),
    ]


def test_without_files_nothing_is_judged(tree: Tree) -> None:
    _, run = tree.audit(DeviceCertificateExpiring())

    assert (run.status, run.resources) == ("COMPLETED_COMPLIANT", 0)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(pem(OWN), id="PEM"),
        pytest.param(OWN.public_bytes(Encoding.DER), id="DER"),
        pytest.param(b"Bag Attributes\n    friendlyName: x\n" + pem(OWN), id="words before"),
        pytest.param(pem(OWN).replace(b"\n", b"\r\n"), id="lines of DOS"),
    ],
)
def test_every_encoding_is_read(tree: Tree, content: bytes) -> None:
    tree.write(CERT, content)

    (certificate,) = tree.subjects(DeviceCertificate, publish={"cert_file": CERT})

    assert certificate.parsed == OWN


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00" * 100, id="zeros"),
        pytest.param(pem(OWN)[:-40], id="cut off"),
        pytest.param(pem(OWN).replace(b"M", b"N", 1), id="tampered with"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", id="no body"),
        pytest.param(pem(OWN) + b"x" * (10 << 20), id="10 MB"),
        pytest.param(b"-----BEGIN RSA PRIVATE KEY-----\n", id="a key"),
    ],
)
def test_what_is_no_certificate_is_undecided_and_the_others_are_judged(
    tree: Tree, content: bytes
) -> None:
    tree.write(CERT, content)
    tree.write(CA, pem(Issuer("old", begins=AT - 90 * DAY, expires=AT - DAY).certificate))

    own = tree.audit(DeviceCertificateExpiring(), publish=FILES)
    cas, run = tree.audit(CaCertificateExpiring(), publish=FILES)

    assert CERT in undecided(own)
    assert [found.code for found in cas] == ["CERTIFICATE_PAST_EXPIRATION"]
    assert run.status == "FAILED"


def mutilated(place: bytes, changed: bytes) -> bytes:
    """Write a certificate in which nothing but a name, or the version, is no longer one."""
    der = OWN.public_bytes(Encoding.DER)
    assert place in der
    return der.replace(place, changed)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(mutilated(b"\x0c\x06device", b"\xd2\x06device"), id="subject"),
        pytest.param(mutilated(b"\x0c\x06middle", b"\xd2\x06middle"), id="issuer"),
        pytest.param(mutilated(b"\x0c\x06device", b"\x0c\x06devic\xff"), id="no UTF-8"),
        pytest.param(mutilated(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x31"), id="version"),
    ],
)
@pytest.mark.parametrize("file", [CERT, CA])
def test_a_certificate_whose_parts_cannot_be_read_is_undecided(
    tree: Tree, file: str, content: bytes
) -> None:
    tree.write(CERT, pem(OWN))
    tree.write(CA, pem(ROOT.certificate))
    tree.write(file, content)

    assert file in undecided(tree.audit(CaCertificateExpiring(), publish=FILES))


def test_a_trust_store_that_cannot_be_read_leaves_the_own_certificate_judged(tree: Tree) -> None:
    tree.write(CERT, pem(ROOT.issue(begins=AT - 90 * DAY, expires=AT + DAY)))
    tree.folder(CA)

    (found,) = told(tree.audit(DeviceCertificateExpiring(), publish=FILES))

    assert found[1] == "CERTIFICATE_APPROACHING_EXPIRATION"
    assert CA in undecided(tree.audit(CaCertificateExpiring(), publish=FILES))
