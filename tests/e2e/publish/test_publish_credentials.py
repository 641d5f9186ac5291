"""Keys in files and tokens, and every way to get them wrong: found out before the agent runs."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from devicewarden.config.settings import PublishSettings
from devicewarden.model.errors import ConfigError
from devicewarden.sandbox.pki import Authority

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.publish.conftest import Mosquitto, Watched

pytestmark = pytest.mark.e2e
PIN = "1234"
TOKEN = "edge"  # noqa: S105  a label, not a secret


@pytest.fixture
def token(
    device_settings: PublishSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> PublishSettings:
    """The device's key in a SoftHSM token instead of a file."""
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    util = shutil.which("softhsm2-util") or "softhsm2-util"
    for arguments in (
        ("--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "5678"),
        ("--import", device_settings.key_file, "--token", TOKEN, "--label", "key", "--id", "01"),
    ):
        subprocess.run([util, *arguments, "--pin", PIN], check=True, capture_output=True)  # noqa: S603  our argv
    pin_file = tmp_path / "pin"
    pin_file.write_text(f"{PIN}\n")
    return replace(
        device_settings,
        key_file="",
        pkcs11_library="/usr/lib/softhsm/libsofthsm2.so",
        pkcs11_pin_file=str(pin_file),
        pkcs11_token_label=TOKEN,
        pkcs11_key_label="key",
    )


def in_a_process_of_its_own(settings: PublishSettings, port: int = 0) -> str:
    """Publish once from another process, for SoftHSM reads its configuration once a process.

    Returns:
        `published`, or the ConfigError's message and hint.
    """
    script = Path(__file__).with_name("publish_once.py")
    document = json.dumps({f: getattr(settings, f) for f in settings.__slots__} | {"port": port})
    done = subprocess.run(  # noqa: S603  our argv
        [sys.executable, str(script), document],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ,
    )
    return done.stdout


def test_a_key_that_never_leaves_its_token_opens_the_door(
    mosquitto: "Callable[[str], Mosquitto]", tls_lines: str, token: PublishSettings
) -> None:
    broker = mosquitto(tls_lines + "require_certificate true\n")

    assert in_a_process_of_its_own(token, broker.port) == "published\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pkcs11_library": "/nowhere.so"}, "pkcs11_library"),
        ({"pkcs11_token_label": "other"}, "pkcs11_token_label"),
        ({"pkcs11_key_label": "other"}, "pkcs11_key_label"),
        ({"pkcs11_pin_file": "/nowhere"}, "pkcs11_pin_file"),
        ({"pkcs11_pin_file": "wrong"}, "pkcs11_pin_file"),
    ],
    ids=["module", "token", "key", "no PIN", "wrong PIN"],
)
def test_a_token_that_cannot_be_used_is_a_config_error(
    token: PublishSettings, changes: dict[str, str], words: str, tmp_path: Path
) -> None:
    if changes.get("pkcs11_pin_file") == "wrong":
        (tmp_path / "wrong").write_text("4321")
        changes = {"pkcs11_pin_file": str(tmp_path / "wrong")}

    said = in_a_process_of_its_own(replace(token, **changes), 1)  # type: ignore[arg-type]  # all texts

    assert said.startswith("ConfigError: ")
    assert words in said
    assert "4321" not in said


@pytest.mark.parametrize(
    ("setting", "content"),
    [
        ("cert_file", None),
        ("cert_file", b"not PEM"),
        ("key_file", None),
        ("key_file", b"not PEM"),
        ("ca_file", None),
        ("ca_file", b"not PEM"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_config_error_at_construction(
    watched: "Callable[..., Watched]",
    device_settings: PublishSettings,
    tmp_path: Path,
    setting: str,
    content: bytes | None,
) -> None:
    bad = tmp_path / "bad.pem"
    if content is not None:
        bad.write_bytes(content)

    with pytest.raises(ConfigError, match="publish") as caught:
        watched(replace(device_settings, **{setting: str(bad)}))  # type: ignore[arg-type]  # a path

    assert caught.value.hint


def test_a_key_of_another_certificate_is_a_config_error(
    watched: "Callable[..., Watched]", device_settings: PublishSettings, tmp_path: Path
) -> None:
    other = Authority(tmp_path).issue_client(tmp_path, "other")

    with pytest.raises(ConfigError) as caught:
        watched(replace(device_settings, key_file=str(other.key_file)))

    assert "may not belong to the certificate" in caught.value.hint


# paho cuts no client id off that the configuration lets through.
@pytest.mark.parametrize("library", ["awscrt"], indirect=True)
def test_a_client_id_that_mqtt_cannot_hold_is_a_config_error(
    plain_settings: PublishSettings,
) -> None:
    from devicewarden.publish.awscrt_mqtt import AwsCrtPublisher  # noqa: PLC0415  used here alone

    with pytest.raises(ConfigError, match="connect packet"):
        AwsCrtPublisher(plain_settings, "edge-1", "x" * 70_000)


@pytest.mark.parametrize("library", ["paho"], indirect=True)
@pytest.mark.parametrize(
    ("setting", "value"), [("pkcs11_library", "/some/module.so"), ("proxy_host", "127.0.0.1")]
)
def test_what_paho_cannot_do_is_a_config_error(
    watched: "Callable[..., Watched]", device_settings: PublishSettings, setting: str, value: str
) -> None:
    with pytest.raises(ConfigError, match=f"publish.{setting}: paho-mqtt") as caught:
        watched(replace(device_settings, **{setting: value}))  # type: ignore[arg-type]  # both texts

    assert "awsiotsdk" in caught.value.hint


@pytest.mark.parametrize("library", ["paho"], indirect=True)
def test_an_encrypted_key_is_a_config_error_and_nobody_is_asked(
    watched: "Callable[..., Watched]", device_settings: PublishSettings, tmp_path: Path
) -> None:
    plain = load_pem_private_key(Path(device_settings.key_file).read_bytes(), None)
    key = tmp_path / "encrypted.key"
    locked = BestAvailableEncryption(b"a password")
    key.write_bytes(plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))

    with pytest.raises(ConfigError, match=r"publish\.key_file: is encrypted"):
        watched(replace(device_settings, key_file=str(key)))
