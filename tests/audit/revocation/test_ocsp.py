"""A response counts for the signature of the issuer, or its delegate, and while it is new."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.certificates import AT, DAY, Issuer, ocsp_at
from tests.audit.revocation.answers import RESPONDER, Web, asker, response

from devicewarden.audit.revocation.ocsp import question, revoked_at
from devicewarden.model.errors import AuditError

ROOT = Issuer("root")
OTHER = Issuer("other")
NAMESAKE = Issuer("root", key=ec.generate_private_key(ec.SECP256R1()))
BY_OCSP = ROOT.issue("by ocsp", ocsp_at(RESPONDER))
ANOTHER = ROOT.issue("another", ocsp_at(RESPONDER))
REVOKED = ocsp.OCSPCertStatus.REVOKED
ASKED = question(BY_OCSP, ROOT.certificate)
REVOKED_RESPONSE = response(BY_OCSP, ROOT, status=REVOKED)


def responder(*purposes: x509.ObjectIdentifier, **options: Any) -> tuple[x509.Certificate, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer: Issuer = options.pop("issuer", ROOT)
    usage = x509.ExtendedKeyUsage(list(purposes) or [ExtendedKeyUsageOID.SERVER_AUTH])
    return issuer.issue("responder", usage, key=key.public_key(), **options), key


@pytest.mark.parametrize("revoked", [True, False])
def test_the_responder_tells(*, revoked: bool) -> None:
    status = REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    web = Web({RESPONDER: response(BY_OCSP, ROOT, status=status)})

    answer = asker(web).of(BY_OCSP, ROOT.certificate)

    assert (answer.revoked, answer.source) == (revoked, RESPONDER)


def test_a_responder_that_the_issuer_appointed_is_believed() -> None:
    certificate, key = responder(ExtendedKeyUsageOID.OCSP_SIGNING)
    web = Web({RESPONDER: response(BY_OCSP, ROOT, status=REVOKED, signer=(certificate, key))})

    assert asker(web).of(BY_OCSP, ROOT.certificate).revoked


def wrong_responses() -> dict[str, Callable[[], bytes]]:
    def signed(certificate: x509.Certificate, key: Any) -> bytes:
        return response(BY_OCSP, ROOT, signer=(certificate, key))

    signing = ExtendedKeyUsageOID.OCSP_SIGNING
    failing = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    return {
        "nothing": lambda: b"",
        "a page": lambda: b"<html>404</html>",
        "cut off": lambda: response(BY_OCSP, ROOT)[:-20],
        "tampered with": lambda: response(BY_OCSP, ROOT)[:-1] + b"\x00",
        "not appointed": lambda: signed(*responder()),
        "another's": lambda: signed(*responder(signing, issuer=OTHER)),
        "dismissed": lambda: signed(*responder(signing, begins=AT - 9 * DAY, expires=AT - 8 * DAY)),
        "a namesake": lambda: signed(NAMESAKE.certificate, NAMESAKE.key),
        "ran out": lambda: response(BY_OCSP, ROOT, begins=AT - 3 * DAY, ends=AT - 2 * DAY),
        "old, with no end": lambda: response(BY_OCSP, ROOT, begins=AT - 2 * DAY, ends=None),
        "future": lambda: response(BY_OCSP, ROOT, begins=AT + DAY, ends=AT + 2 * DAY),
        "another certificate": lambda: response(ANOTHER, ROOT),
        "unknown": lambda: response(BY_OCSP, ROOT, status=ocsp.OCSPCertStatus.UNKNOWN),
        "try later": lambda: failing.public_bytes(Encoding.DER),
    }


@pytest.mark.parametrize("kind", wrong_responses())
def test_a_response_that_is_not_to_be_believed_is_undecided(kind: str) -> None:
    web = Web({RESPONDER: wrong_responses()[kind]()})

    with pytest.raises(AuditError, match=RESPONDER):
        asker(web).of(BY_OCSP, ROOT.certificate)


def test_no_more_delegates_are_tried_than_an_honest_response_has() -> None:
    strangers = [responder(ExtendedKeyUsageOID.OCSP_SIGNING)[0] for _ in range(10)]
    certificate, key = responder(ExtendedKeyUsageOID.OCSP_SIGNING)

    for before, believed in ((strangers[:9], True), (strangers, False)):
        content = response(BY_OCSP, ROOT, signer=(certificate, key), before=before)
        with contextlib.nullcontext() if believed else pytest.raises(AuditError):
            assert not asker(Web({RESPONDER: content})).of(BY_OCSP, ROOT.certificate).revoked


@given(st.integers(0, 400), st.integers(0, 255))
def test_no_changed_byte_makes_a_revoked_certificate_good(place: int, value: int) -> None:
    content = bytearray(REVOKED_RESPONSE)
    content[place % len(content)] = value

    try:
        revoked, _ = revoked_at(bytes(content), ASKED, ROOT.certificate, AT)
    except AuditError:
        return

    assert revoked


@given(st.binary(max_size=300))
def test_no_bytes_at_all_are_a_response(content: bytes) -> None:
    with pytest.raises(AuditError):
        revoked_at(content, ASKED, ROOT.certificate, AT)
