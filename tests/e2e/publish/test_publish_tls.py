"""TLS, certificates, tokens, passwords and proxies; and every way to get them wrong."""

import asyncio
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from devicewarden.config.settings import PublishSettings
from devicewarden.sandbox.pki import Authority

if TYPE_CHECKING:
    from tests.e2e.publish.conftest import Mosquitto, Watched

pytestmark = pytest.mark.e2e
Run = Callable[[Any], Any]
Start = Callable[[str], "Mosquitto"]
MUTUAL = "require_certificate true\nuse_identity_as_username true\n"


def test_a_device_certificate_opens_the_door(
    run: Run,
    mosquitto: Start,
    watched: "Callable[..., Watched]",
    tls_lines: str,
    device_settings: PublishSettings,
) -> None:
    broker = mosquitto(tls_lines + MUTUAL)

    run(watched(replace(device_settings, port=broker.port)).publish_once())


def test_a_refused_certificate_says_so(
    run: Run,
    mosquitto: Start,
    watched: "Callable[..., Watched]",
    tls_lines: str,
    device_settings: PublishSettings,
    tmp_path: Path,
) -> None:
    broker = mosquitto(tls_lines + MUTUAL)
    stranger = Authority(tmp_path).issue_client(tmp_path, "edge-1")
    settings = replace(
        device_settings,
        port=broker.port,
        cert_file=str(stranger.cert_file),
        key_file=str(stranger.key_file),
    )

    async def main() -> None:
        async with watched(settings).started() as publisher:
            state = await publisher.failure()
            assert "refused the device certificate" in state.hint

    run(main())


def test_a_broker_that_is_not_trusted_is_not_spoken_to(
    run: Run,
    mosquitto: Start,
    watched: "Callable[..., Watched]",
    tls_lines: str,
    device_settings: PublishSettings,
    tmp_path: Path,
) -> None:
    broker = mosquitto(tls_lines + MUTUAL)
    elsewhere = Authority(tmp_path)
    settings = replace(device_settings, port=broker.port, ca_file=str(elsewhere.ca_file))

    async def main() -> None:
        async with watched(settings).started() as publisher:
            # awscrt hides for 10 to 30 s from whoever measures how it fails.
            state = await publisher.failure(within_s=45)
            assert "publish.ca_file" in state.hint
            assert state.connects == 0

    run(main())


# OpenSSL, which paho uses, does not tell whether the broker asked.
@pytest.mark.parametrize("library", ["awscrt"], indirect=True)
def test_a_broker_that_does_not_ask_for_the_certificate_is_left(
    run: Run,
    mosquitto: Start,
    watched: "Callable[..., Watched]",
    tls_lines: str,
    device_settings: PublishSettings,
) -> None:
    broker = mosquitto(tls_lines)

    async def main() -> None:
        async with watched(replace(device_settings, port=broker.port)).started() as publisher:
            state = await publisher.failure()
            assert "asks for a certificate" in state.hint

    run(main())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_tls_below_1_2_is_refused(
    run: Run,
    watched: "Callable[..., Watched]",
    device_settings: PublishSettings,
    authority: Authority,
    tmp_path: Path,
) -> None:
    server = authority.issue_server(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.cert_file, server.key_file)
    context.load_verify_locations(authority.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    handshakes: list[object] = []

    async def main() -> None:
        listener = await asyncio.start_server(
            lambda _reader, writer: handshakes.append(writer), "127.0.0.1", 0, ssl=context
        )
        port = listener.sockets[0].getsockname()[1]
        async with listener, watched(replace(device_settings, port=port)).started() as publisher:
            state = await publisher.failure()
            assert "publish.tls" in state.hint
            assert not handshakes

    run(main())


def test_a_password_opens_the_door_and_a_wrong_one_says_so(
    run: Run,
    mosquitto: Start,
    watched: "Callable[..., Watched]",
    tls_lines: str,
    device_settings: PublishSettings,
    tmp_path: Path,
) -> None:
    users = tmp_path / "users"
    tool = ["mosquitto_passwd", "-b", "-c", str(users), "joe", "secret"]
    subprocess.run(tool, check=True)  # noqa: S603  our argv
    broker = mosquitto(f"{tls_lines}allow_anonymous false\npassword_file {users}\n")
    (tmp_path / "right").write_text("secret\n")
    (tmp_path / "wrong").write_text("Secret\n")
    settings = replace(device_settings, port=broker.port, cert_file="", key_file="", username="joe")
    right = replace(settings, password_file=str(tmp_path / "right"))
    wrong = replace(settings, password_file=str(tmp_path / "wrong"))

    async def main() -> None:
        await watched(right).publish_once()
        async with watched(wrong).started() as publisher:
            state = await publisher.failure()
            assert "publish.password_file" in state.hint or "policy" in state.hint

    run(main())


def test_plain_text_goes_to_loopback(
    run: Run, mosquitto: Start, watched: "Callable[..., Watched]", plain_settings: PublishSettings
) -> None:
    broker = mosquitto("")

    run(watched(replace(plain_settings, port=broker.port)).publish_once())
