"""A revocation list counts for its issuer's signature, and while it is new."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.certificates import AT, DAY, Issuer, list_at
from tests.audit.revocation.answers import LIST, Web, asker, revocation_list

from devicewarden.audit.revocation.crl import read_list
from devicewarden.model.errors import AuditError

OTHER_LIST = "http://ca.test/other.crl"
ROOT = Issuer("root")
OTHER = Issuer("other")
NAMESAKE = Issuer("root", key=ec.generate_private_key(ec.SECP256R1()))
BY_LIST = ROOT.issue("by list", list_at(LIST))
SERIAL = BY_LIST.serial_number


@pytest.mark.parametrize("revoked", [True, False])
def test_the_list_tells(*, revoked: bool) -> None:
    web = Web({LIST: revocation_list(ROOT, [SERIAL] if revoked else [SERIAL + 1])})

    answer = asker(web).of(BY_LIST, ROOT.certificate)

    assert (answer.revoked, answer.source) == (revoked, LIST)
    assert answer.at == (AT - DAY if revoked else None)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>404</html>", id="a page"),
        pytest.param(revocation_list(ROOT)[:-20], id="cut off"),
        pytest.param(revocation_list(OTHER), id="another issuer's"),
        pytest.param(revocation_list(ROOT, signer=NAMESAKE), id="signed by another key"),
        pytest.param(revocation_list(ROOT, begins=AT - 3 * DAY, ends=AT - 2 * DAY), id="ran out"),
        pytest.param(revocation_list(ROOT, begins=AT + DAY, ends=AT + 2 * DAY), id="future"),
        pytest.param(revocation_list(ROOT, [], x509.DeltaCRLIndicator(1)), id="a part"),
    ],
)
def test_a_list_that_is_not_to_be_believed_is_undecided(content: bytes) -> None:
    with pytest.raises(AuditError, match=LIST):
        asker(Web({LIST: content})).of(BY_LIST, ROOT.certificate)


def point(**flags: Any) -> x509.IssuingDistributionPoint:
    names = (
        "only_contains_user_certs", "only_contains_ca_certs", "indirect_crl",
        "only_contains_attribute_certs",
    )  # fmt: skip
    facts: dict[str, Any] = {**dict.fromkeys(names, False), "only_some_reasons": None, **flags}
    name = [x509.UniformResourceIdentifier(LIST)]
    return x509.IssuingDistributionPoint(full_name=name, relative_name=None, **facts)


@pytest.mark.parametrize(
    ("scope", "tells"),
    [
        pytest.param(point(), True, id="all certificates"),
        pytest.param(point(only_contains_user_certs=True), True, id="of users"),
        pytest.param(point(only_contains_ca_certs=True), False, id="of CAs"),
        pytest.param(point(indirect_crl=True), False, id="of several issuers"),
        pytest.param(
            point(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])),
            False,
            id="for some reasons",
        ),
    ],
)
def test_a_list_that_speaks_of_others_says_nothing(
    scope: x509.IssuingDistributionPoint, *, tells: bool
) -> None:
    ask = asker(Web({LIST: revocation_list(ROOT, [], scope)}))

    if tells:
        assert not ask.of(BY_LIST, ROOT.certificate).revoked
    else:
        with pytest.raises(AuditError):
            ask.of(BY_LIST, ROOT.certificate)


def test_a_list_of_other_certificates_of_the_issuer_says_nothing() -> None:
    certificate = ROOT.issue("of another list", list_at(LIST, OTHER_LIST))
    others = ROOT.issue("of no such list", list_at(OTHER_LIST))
    web = Web({url: revocation_list(ROOT, [], point()) for url in (LIST, OTHER_LIST)})

    assert not asker(web).of(certificate, ROOT.certificate).revoked
    with pytest.raises(AuditError, match="does not speak of"):
        asker(web).of(others, ROOT.certificate)


def test_a_list_of_a_version_that_does_not_exist_is_undecided() -> None:
    content = revocation_list(ROOT)
    version = content.index(b"\x02\x01\x01")

    with pytest.raises(AuditError, match="no revocation list"):
        read_list(content[: version + 2] + b"\x31" + content[version + 3 :], ROOT.certificate, AT)


def test_a_ca_that_may_not_sign_lists_is_not_believed() -> None:
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    mute = Issuer("mute", None, x509.KeyUsage(digital_signature=True, **usage))
    certificate = mute.issue("device", list_at(LIST))

    with pytest.raises(AuditError, match="may not sign"):
        asker(Web({LIST: revocation_list(mute)})).of(certificate, mute.certificate)


@given(st.binary(max_size=300))
def test_no_bytes_at_all_are_a_list(content: bytes) -> None:
    with pytest.raises(AuditError):
        read_list(content, ROOT.certificate, AT)
