"""What docs/sinks.md promises, tried out."""

import re
import subprocess
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devicewarden.config.structure import structure
from devicewarden.notify.errand import Errand
from devicewarden.notify.webhook import read_secret, signed

TEXT = (Path(__file__).parent.parent / "docs" / "sinks.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(TEXT)
LISTS, MAKES, VERIFIES, PAGES = (text for language, text in BLOCKS if language == "sh")
(PYTHON,) = (text for language, text in BLOCKS if language == "python")
BODY = b'{"thingName": "p\xc3\xbcmp"}'


def run(script: str, folder: Path, **environ: str) -> int:
    return subprocess.run(  # noqa: S603  our own documentation
        ["/bin/sh", "-c", script], cwd=folder, env={"PATH": "/usr/bin:/bin", **environ}, check=False
    ).returncode


def posted(folder: Path, at_s: float | None = None) -> dict[str, str]:
    """Make a secret as the page says, and the headers of an event."""
    assert run(MAKES, folder) == 0
    errand = Errand(sink={}, event_id="a1-in-alarm", kind="violation", payload=BODY)
    (folder / "body").write_bytes(BODY)
    return signed(errand, read_secret(folder / "ops.secret"), int(at_s or time.time()))


def verify() -> Callable[..., bool]:
    """The function of the page."""
    names: dict[str, Any] = {}
    exec(PYTHON, names)  # noqa: S102  our own documentation
    found: Callable[..., bool] = names["verify"]
    return found


@pytest.mark.parametrize("text", [text for language, text in BLOCKS if language == "toml"])
def test_each_example_is_a_configuration(text: str) -> None:
    settings, faults = structure(tomllib.loads(text))

    assert faults == ()
    notify = settings.notify
    assert len(notify.webhooks + notify.commands + notify.sns) == 1


@pytest.mark.e2e
def test_a_signature_is_verified_in_python(tmp_path: Path) -> None:
    headers = posted(tmp_path)
    secret = (tmp_path / "ops.secret").read_text()

    assert verify()(secret, headers, BODY)
    assert not verify()(secret, headers, BODY + b" ")
    assert not verify()(secret, posted(tmp_path, time.time() - 600), BODY)


@pytest.mark.e2e
def test_a_signature_is_verified_in_a_shell(tmp_path: Path) -> None:
    headers = posted(tmp_path)
    told = {
        "id": headers["Webhook-Id"],
        "time": headers["Webhook-Timestamp"],
        "signature": headers["Webhook-Signature"],
    }

    assert (tmp_path / "ops.secret").stat().st_mode & 0o777 == 0o600
    assert run(VERIFIES, tmp_path, **told) == 0
    assert run(VERIFIES, tmp_path, **{**told, "id": "b2"}) == 1


def test_the_page_names_commands_that_exist() -> None:
    assert LISTS == "devicewarden outbox list\n"
    assert PAGES.rstrip().endswith("|| exit 75")
