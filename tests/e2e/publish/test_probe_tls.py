"""Every way a TLS handshake fails, with a real Mosquitto, and what the doctor makes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.own_pki import DAY, OwnPki

from devicewarden.config.settings import PublishSettings
from devicewarden.doctor.verdict import Verdict
from devicewarden.doctor.way import network
from devicewarden.publish.probe_tls import why_no_pair

if TYPE_CHECKING:
    from tests.e2e.publish.conftest import Mosquitto

pytestmark = pytest.mark.e2e
Start = Callable[[str], "Mosquitto"]


@pytest.fixture
def pki(tmp_path: Path) -> OwnPki:
    return OwnPki(tmp_path)


@pytest.fixture
def settings(pki: OwnPki) -> PublishSettings:
    cert, key = pki.issue("edge-1")
    return PublishSettings(
        endpoint="localhost",
        ca_file=str(pki.ca_file),
        cert_file=str(cert),
        key_file=str(key),
        connect_timeout_s=5,
    )


def lines(pki: OwnPki, server: tuple[Path, Path]) -> str:
    return (
        f"cafile {pki.ca_file}\ncertfile {server[0]}\nkeyfile {server[1]}\n"
        "require_certificate true\n"
    )


def handshake(settings: PublishSettings) -> Verdict:
    """The last word, after name and port were well."""
    dns, tcp, tls = network(settings, datetime.now(UTC))
    assert (dns.status, tcp.status, tls.name) == ("ok", "ok", "tls")
    return tls


def test_a_broker_that_is_all_right_is_ok(
    mosquitto: Start, pki: OwnPki, settings: PublishSettings
) -> None:
    broker = mosquitto(lines(pki, pki.issue("localhost")))

    verdict = handshake(replace(settings, port=broker.port))

    assert verdict.status == "ok"
    assert "TLSv1.3" in verdict.message


@pytest.mark.parametrize(
    ("server", "message", "hint"),
    [
        (("other", -DAY, 90 * DAY), "ostname mismatch", "publish.endpoint must be a name"),
        (("localhost", -9 * DAY, -DAY), "expired", "renew the broker's certificate"),
        (("localhost", DAY, 90 * DAY), "not yet valid", "clock"),
    ],
    ids=["another name", "expired", "not yet valid"],
)
def test_a_broker_that_cannot_be_trusted_says_why(
    mosquitto: Start,
    pki: OwnPki,
    settings: PublishSettings,
    server: tuple[str, timedelta, timedelta],
    message: str,
    hint: str,
) -> None:
    broker = mosquitto(lines(pki, pki.issue(*server)))

    verdict = handshake(replace(settings, port=broker.port))

    assert verdict.status == "failed"
    assert message in verdict.message
    assert hint in verdict.hint


def test_a_certificate_of_the_broker_that_ends_soon_is_a_warning(
    mosquitto: Start, pki: OwnPki, settings: PublishSettings
) -> None:
    broker = mosquitto(lines(pki, pki.issue("localhost", expires=3 * DAY)))

    assert handshake(replace(settings, port=broker.port)).status == "warning"


def test_another_ca_points_at_the_ca_file(
    mosquitto: Start, pki: OwnPki, settings: PublishSettings, tmp_path: Path
) -> None:
    broker = mosquitto(lines(pki, pki.issue("localhost")))
    (tmp_path / "elsewhere").mkdir()
    ca_file = str(OwnPki(tmp_path / "elsewhere").ca_file)

    verdict = handshake(replace(settings, port=broker.port, ca_file=ca_file))

    assert verdict.status == "failed"
    assert f"publish.ca_file must hold the CA of this broker; now it is {ca_file}" in verdict.hint


def test_a_certificate_that_the_broker_does_not_take_is_told(
    mosquitto: Start, pki: OwnPki, settings: PublishSettings, tmp_path: Path
) -> None:
    broker = mosquitto(lines(pki, pki.issue("localhost")))
    (tmp_path / "elsewhere").mkdir()
    cert, key = OwnPki(tmp_path / "elsewhere").issue("edge-1")

    verdict = handshake(replace(settings, port=broker.port, cert_file=str(cert), key_file=str(key)))

    assert verdict.status == "failed"
    assert "the broker refused the handshake: tlsv1 alert unknown ca" in verdict.message
    assert "publish.cert_file" in verdict.hint


def test_the_key_in_a_token_is_left_to_the_connection(
    mosquitto: Start, pki: OwnPki, settings: PublishSettings
) -> None:
    broker = mosquitto(lines(pki, pki.issue("localhost")))

    verdict = handshake(
        replace(settings, port=broker.port, key_file="", pkcs11_library="/usr/lib/token.so")
    )

    assert verdict.status == "ok"
    assert "token" in verdict.message


def test_a_port_without_tls_is_told(mosquitto: Start, settings: PublishSettings) -> None:
    broker = mosquitto("")

    verdict = handshake(replace(settings, port=broker.port))

    assert verdict.status == "failed"
    assert "publish.port" in verdict.hint


def test_a_key_of_another_certificate_is_told(pki: OwnPki) -> None:
    cert, key = pki.issue("edge-1")
    _, other = pki.issue("edge-2")

    assert why_no_pair(str(cert), str(key)) == ""
    assert "does not belong" in why_no_pair(str(cert), str(other))
    assert "PEM" in why_no_pair(str(cert), "/dev/null")
