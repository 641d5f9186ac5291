"""`check-config` and a start say the same of every broken set-up."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.e2e.agent_process import devicewarden

from devicewarden.cli.judge import load_judge
from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
Config = Callable[..., Path]
Changes = dict[str, dict[str, str | int | bool]]
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
LABEL = "edge"
PIN = "1234"
THINGS = ("edge-1", "edge-2")


def publish(**changes: str | bool) -> Changes:
    return {"publish": dict(changes)}


BROKEN: Mapping[str, tuple[Changes, str]] = {
    "unknown setting": (publish(end_point="x"), "did you mean endpoint?"),
    "certificate that is none": (publish(cert_file="GARBAGE"), "cannot set up the connection"),
    "key that is none": (publish(key_file="GARBAGE"), "cannot set up the connection"),
    "key of another certificate": (publish(key_file="OTHER"), "may not belong"),
    "key that others may read": (publish(key_file="OPEN"), "is open to others"),
    "authority that is not there": (publish(ca_file="/nowhere"), "No such file"),
    "authority that is none": (publish(ca_file="GARBAGE"), "cannot set up the connection"),
    "password that is empty": (publish(username="u", password_file="EMPTY"), "is empty"),  # noqa: S106  a file's name
    "topic with a wildcard": (publish(topic="a/#"), "wildcard"),
    "module that is none": (publish(key_file="", pkcs11_library="GARBAGE"), "pkcs11"),
    "token that is not there": (
        publish(key_file="", pkcs11_library=SOFTHSM, pkcs11_token_label=LABEL),
        "publish.pkcs11_token_label",
    ),
    "wrong PIN": (
        publish(
            key_file="",
            pkcs11_library=SOFTHSM,
            pkcs11_token_label=LABEL,
            pkcs11_pin_file="GARBAGE",
        ),
        "publish.pkcs11_pin_file",
    ),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One for all: nothing here changes it, and hardly anything connects."""
    with TemporaryDirectory() as folder, Sandbox(Path(folder), load_judge(), THINGS) as running:
        yield running


@pytest.fixture
def files(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The files that the table names, and a token of SoftHSM."""
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    for name, content in (("GARBAGE", "nonsense\n"), ("EMPTY", ""), ("OPEN", "")):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o644 if name == "OPEN" else 0o600)
    shutil.copyfile(sandbox.credentials("edge-1").key_file, tmp_path / "OPEN")
    shutil.copyfile(sandbox.credentials("edge-2").key_file, tmp_path / "OTHER")
    (tmp_path / "OTHER").chmod(0o600)
    return {name: str(tmp_path / name) for name in ("GARBAGE", "EMPTY", "OPEN", "OTHER")}


def make_token(sandbox: Sandbox) -> None:
    """Put the key of edge-1 into a token."""
    key = str(sandbox.credentials("edge-1").key_file)
    for words in (
        ("--init-token", "--free", "--label", LABEL, "--so-pin", "5678"),
        ("--import", key, "--token", LABEL, "--label", "key", "--id", "01"),
    ):
        subprocess.run(["softhsm2-util", *words, "--pin", PIN], check=True, capture_output=True)  # noqa: S603, S607  our argv


def in_place(changes: Changes, files: Mapping[str, str]) -> Changes:
    return {
        section: {key: files.get(str(value), value) for key, value in settings.items()}
        for section, settings in changes.items()
    }


def check_and_start(file: Path, **variables: str) -> "list[subprocess.CompletedProcess[bytes]]":
    """Run `check-config` and `run` side by side."""
    environ = {**os.environ, **variables}
    with ThreadPoolExecutor() as both:
        runs = [
            both.submit(devicewarden, command, "--config", file, environ=environ)
            for command in ("check-config", "run")
        ]
    return [run.result() for run in runs]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_set_up_is_told_alike(
    name: str, sandbox: Sandbox, config: Config, files: dict[str, str]
) -> None:
    changes, words = BROKEN[name]
    if name == "wrong PIN":
        make_token(sandbox)
    file = config(in_place(changes, files))

    checked, started = check_and_start(file)

    assert (checked.returncode, checked.stdout) == (78, b"")
    assert words in checked.stderr.decode()
    assert (started.returncode, started.stderr) == (78, checked.stderr)
    assert not list(file.parent.glob("*.sock"))


def test_good_set_up_passes_and_connects_to_nobody(sandbox: Sandbox, config: Config) -> None:
    file = config()
    shutil.rmtree(file.parent / "state")

    checked = devicewarden("check-config", "--config", file)

    assert checked.returncode == 0, checked.stderr
    assert b"configuration is valid" in checked.stderr
    assert "edge-1" not in sandbox.broker.log_file.read_text()
    assert not (file.parent / "state").exists()


def test_good_token_passes(sandbox: Sandbox, config: Config, files: dict[str, str]) -> None:
    make_token(sandbox)
    pin = Path(files["EMPTY"])
    pin.write_text(PIN)
    token = publish(
        key_file="", pkcs11_library=SOFTHSM, pkcs11_token_label=LABEL, pkcs11_pin_file=str(pin)
    )

    checked = devicewarden("check-config", "--config", config(token))

    assert checked.returncode == 0, checked.stderr


def test_problem_found_by_trying_is_told_as_json_too(config: Config, files: dict[str, str]) -> None:
    file = config(publish(key_file=files["OTHER"]))

    checked = devicewarden("check-config", "--format", "json", "--config", file)

    (problem,) = json.loads(checked.stdout)["problems"]
    assert checked.returncode == 78
    assert problem["where"].startswith(f"{file}:")
    assert problem["message"].startswith("publish: cannot set up the connection")
    assert "may not belong" in problem["hint"]


def test_environment_counts_for_both_alike(config: Config) -> None:
    checked, started = check_and_start(config(), DEVICEWARDEN_PUBLISH__PROXY_HOST="proxy host")

    assert b"DEVICEWARDEN_PUBLISH__PROXY_HOST" in checked.stderr
    assert (started.returncode, started.stderr) == (checked.returncode, checked.stderr)
