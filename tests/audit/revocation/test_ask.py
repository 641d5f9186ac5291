"""Who is asked whether a certificate is revoked, how often, and what silence means."""

import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from tests.audit.certificates import AT, DAY, Issuer, list_at, ocsp_at, rsa_key
from tests.audit.revocation.answers import (
    ISSUER,
    LIST,
    RESPONDER,
    Web,
    asker,
    response,
    revocation_list,
)

from devicewarden.model.errors import AuditError

ROOT = Issuer("root")
NAMESAKE = Issuer("root", key=ec.generate_private_key(ec.SECP256R1()))
BY_LIST = ROOT.issue("by list", list_at(LIST))
BOTH = ROOT.issue("both", ocsp_at(RESPONDER), list_at(LIST))
SERIAL = BY_LIST.serial_number
REVOKED = ocsp.OCSPCertStatus.REVOKED


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(rsa_key(2048), id="RSA"),
        pytest.param(ed25519.Ed25519PrivateKey.generate(), id="Ed25519"),
        pytest.param(ec.generate_private_key(ec.SECP384R1()), id="EC"),
    ],
)
def test_answers_of_issuers_with_any_key_are_believed(key: Any) -> None:
    issuer = Issuer("issuer", key=key)
    certificate = issuer.issue("device", ocsp_at(RESPONDER), list_at(LIST))
    pages = {
        LIST: revocation_list(issuer, [certificate.serial_number]),
        RESPONDER: response(certificate, issuer, status=REVOKED),
    }

    for way in ("crl", "ocsp"):
        assert asker(Web(pages), revocation=way).of(certificate, issuer.certificate).revoked


def test_where_the_responder_is_silent_the_list_is_asked() -> None:
    web = Web({LIST: revocation_list(ROOT, [BOTH.serial_number])})

    answer = asker(web).of(BOTH, ROOT.certificate)

    assert (answer.revoked, answer.source) == (True, LIST)
    assert web.asked == [RESPONDER, LIST]


def test_where_nobody_answers_all_reasons_are_told() -> None:
    with pytest.raises(AuditError, match=rf"{RESPONDER}.*refused; {LIST}.*refused"):
        asker(Web({})).of(BOTH, ROOT.certificate)


@pytest.mark.parametrize(("way", "asked"), [("crl", LIST), ("ocsp", RESPONDER)])
def test_the_settings_choose_the_way(way: str, asked: str) -> None:
    web = Web({LIST: revocation_list(ROOT), RESPONDER: response(BOTH, ROOT)})

    asker(web, revocation=way).of(BOTH, ROOT.certificate)

    assert web.asked == [asked]


def test_a_certificate_with_another_way_only_is_undecided() -> None:
    with pytest.raises(AuditError, match="names no address for"):
        asker(Web({}), revocation="ocsp").of(BY_LIST, ROOT.certificate)


def test_nobody_is_asked_where_that_is_off() -> None:
    web = Web({LIST: revocation_list(ROOT)})

    with pytest.raises(AuditError, match="off"):
        asker(web, revocation="off").of(BY_LIST, ROOT.certificate)

    assert web.asked == []


@pytest.mark.parametrize("way", ["both", "off"])
def test_who_names_nobody_to_ask_cannot_be_revoked(way: str) -> None:
    plain, root = ROOT.issue("plain"), Issuer("lonely root", None, list_at(LIST)).certificate

    for certificate in (plain, root):
        answer = asker(Web({}), revocation=way).of(certificate, None)

        assert (answer.revoked, answer.source) == (False, "")


def test_the_issuers_certificate_is_fetched_where_it_is_not_there() -> None:
    certificate = ROOT.issue("far", ocsp_at("", ISSUER), list_at(LIST))
    der = ROOT.certificate.public_bytes(Encoding.DER)
    web = Web({ISSUER: der, LIST: revocation_list(ROOT, [certificate.serial_number])})

    assert asker(web).of(certificate, None).revoked


@pytest.mark.parametrize("wrong", [NAMESAKE.certificate.public_bytes(Encoding.PEM), b"nothing"])
def test_a_certificate_that_did_not_issue_ours_is_no_issuer(wrong: bytes) -> None:
    certificate = ROOT.issue("far", ocsp_at("", ISSUER), list_at(LIST))

    with pytest.raises(AuditError, match=ISSUER):
        asker(Web({ISSUER: wrong, LIST: revocation_list(ROOT)})).of(certificate, None)


def test_without_the_issuer_nothing_can_be_believed() -> None:
    with pytest.raises(AuditError, match="is not there"):
        asker(Web({LIST: revocation_list(ROOT)})).of(BY_LIST, None)


def test_a_list_is_fetched_once_for_all_certificates() -> None:
    web = Web({LIST: revocation_list(ROOT, [SERIAL])})
    ask = asker(web)

    answers = [ask.of(BY_LIST, ROOT.certificate).revoked for _ in range(3)]

    assert (answers, web.asked) == ([True] * 3, [LIST])


@pytest.mark.parametrize("pages", [{}, {LIST: b"garbage"}])
def test_a_server_that_fails_is_asked_once(pages: dict[str, bytes]) -> None:
    web = Web(pages)
    ask = asker(web)

    for _ in range(3):
        with pytest.raises(AuditError):
            ask.of(BY_LIST, ROOT.certificate)

    assert web.asked == [LIST]


def test_an_answer_is_kept_until_it_runs_out(tmp_path: Path) -> None:
    kept = {"revocation_cache_dir": str(tmp_path)}
    asker(Web({LIST: revocation_list(ROOT, [SERIAL])}), **kept).of(BY_LIST, ROOT.certificate)

    offline = asker(Web({}), **kept).of(BY_LIST, ROOT.certificate)

    assert offline.revoked


@pytest.mark.parametrize("damage", ["expired", "damaged"])
def test_a_kept_answer_that_is_no_good_is_fetched_again(tmp_path: Path, damage: str) -> None:
    kept = {"revocation_cache_dir": str(tmp_path)}
    asker(Web({LIST: revocation_list(ROOT)}), **kept).of(BY_LIST, ROOT.certificate)
    (file,) = tmp_path.iterdir()
    old = revocation_list(ROOT, begins=AT - 3 * DAY, ends=AT - 2 * DAY)
    file.write_bytes(old if damage == "expired" else b"garbage")

    web = Web({LIST: revocation_list(ROOT, [SERIAL])})

    assert asker(web, **kept).of(BY_LIST, ROOT.certificate).revoked
    assert asker(Web({}), **kept).of(BY_LIST, ROOT.certificate).revoked


@pytest.mark.parametrize("planted", ["pipe", "endless", "too large"])
def test_a_kept_answer_that_is_a_trap_is_fetched_again(tmp_path: Path, planted: str) -> None:
    kept = {"revocation_cache_dir": str(tmp_path)}
    asker(Web({LIST: revocation_list(ROOT)}), **kept).of(BY_LIST, ROOT.certificate)
    (file,) = tmp_path.iterdir()
    file.unlink()
    if planted == "pipe":
        os.mkfifo(file)
    elif planted == "endless":
        file.symlink_to("/dev/zero")
    else:
        with file.open("wb") as sparse:
            sparse.truncate(1 << 40)

    web = Web({LIST: revocation_list(ROOT, [SERIAL])})

    assert asker(web, **kept).of(BY_LIST, ROOT.certificate).revoked


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    web = Web({LIST: revocation_list(ROOT, [SERIAL])})

    ask = asker(web, revocation_cache_dir=str(tmp_path / "file" / "folder"))

    assert ask.of(BY_LIST, ROOT.certificate).revoked
