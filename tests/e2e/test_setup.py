"""`devicewarden setup` beside the sandbox: as a command line, and as somebody types."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.e2e.agent_process import AgentProcess, devicewarden

from devicewarden.config.load import load
from devicewarden.sandbox.sandbox import Sandbox

pytestmark = pytest.mark.e2e
DEADLINE_S = 30.0
AWS = "abc-ats.iot.eu-central-1.amazonaws.com"


@pytest.fixture
def config(sandbox: Sandbox) -> Iterator[Path]:
    """A configuration that says all but how to connect, in a short path for its socket."""
    del sandbox
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(
            f'[state]\ndir = "{folder}"\n[control]\nsocket = "{folder}/control.sock"\n'
            f'[detect]\nprofiles_dir = "{folder}"\n'
            "[report]\ninterval_s = 3\nallow_fast = true\n[publish]\nreply_timeout_s = 2\n"
        )
        yield path


def options(sandbox: Sandbox, thing: str = "edge-1") -> list[object]:
    files = sandbox.credentials(thing)
    return [
        *("--endpoint", "localhost", "--port", sandbox.port, "--broker", "aws"),
        *("--thing", thing, "--ca", sandbox.ca_file),
        *("--cert", files.cert_file, "--key", files.key_file),
    ]


def setup(config: Path, *words: object) -> "subprocess.CompletedProcess[bytes]":
    return devicewarden("setup", "--config", config, *words)


def test_a_device_is_connected_by_one_command(
    sandbox: Sandbox, config: Path, agent: Callable[..., AgentProcess]
) -> None:
    before = config.read_text()

    ended = setup(config, *options(sandbox), "--copy")

    assert ended.returncode == 0, ended.stderr
    assert b"the service answers" in ended.stderr
    assert ended.stdout.startswith(b"# What the device needs in AWS.")
    assert load(config, {}).settings.publish.key_file == str(
        config.parent / "certs/private-key.pem"
    )
    assert config.read_text() == before
    agent(config).counted(accepted=1)


def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_left(
    sandbox: Sandbox, config: Path
) -> None:
    key = sandbox.credentials("edge-1").key_file
    wrong = ["--endpoint", "http://x", "--thing", "a/b", "--port", 70000, "--cert", "/none"]

    ended = setup(config, *wrong, "--key", key, "--copy")

    assert ended.returncode == 78
    for word in (b"publish.endpoint", b"thing.name", b"publish.port", b"publish.cert_file"):
        assert ended.stderr.count(word + b":") == 1
    assert list(config.parent.iterdir()) == [config]


def test_a_name_that_aws_does_not_take_is_refused_before_anything_is_written(
    sandbox: Sandbox, config: Path
) -> None:
    ended = setup(config, *options(sandbox), "--thing", "gw 1", "--copy", "--no-connect")

    assert ended.returncode == 78
    assert b"given: thing.name" in ended.stderr
    assert not (config.parent / "conf.d").exists()


def test_a_key_that_does_not_fit_is_refused_before_anything_is_written(
    sandbox: Sandbox, config: Path
) -> None:
    words = options(sandbox)
    words[-1] = sandbox.credentials("edge-2").key_file

    ended = setup(config, *words, "--copy", "--no-connect")

    assert ended.returncode == 78
    assert not (config.parent / "conf.d").exists()
    assert list((config.parent / "certs").iterdir()) == []
    assert b"PRIVATE KEY" not in ended.stderr + ended.stdout


def test_an_earlier_setup_stays_unless_it_is_forced(sandbox: Sandbox, config: Path) -> None:
    setup(config, *options(sandbox), "--no-connect")
    drop_in = config.parent / "conf.d" / "10-setup.toml"
    first = drop_in.read_text()

    refused = setup(config, *options(sandbox, "edge-2"), "--no-connect")
    kept = drop_in.read_text()
    forced = setup(config, *options(sandbox, "edge-2"), "--no-connect", "--force")

    assert (refused.returncode, kept) == (78, first)
    assert b"--force" in refused.stderr
    assert forced.returncode == 0
    assert drop_in.with_name("10-setup.toml.bak").read_text() == first
    assert load(config, {}).settings.thing.name == "edge-2"


def test_a_broker_that_refuses_is_told_and_the_configuration_is_there_to_try_again(
    sandbox: Sandbox, config: Path
) -> None:
    sandbox.revoke("edge-1")

    ended = setup(config, *options(sandbox))

    assert ended.returncode == 70
    assert b"device certificate" in ended.stderr
    assert b"devicewarden doctor" in ended.stderr
    assert b"aws iot create-policy" in ended.stdout
    assert load(config, {}).settings.publish.endpoint == "localhost"


def test_a_plain_broker_needs_no_policy(sandbox: Sandbox, config: Path) -> None:
    words = [word if word != "aws" else "plain" for word in options(sandbox)]

    ended = setup(config, *words)

    assert (ended.returncode, ended.stdout) == (0, b"")
    assert not load(config, {}).settings.publish.expect_reply


def test_the_policy_alone_is_json_and_needs_no_files(config: Path) -> None:
    words = ["--endpoint", AWS, "--thing", "gw-1", "--account", "123456789012", "--print-policy"]

    printed = setup(config, *words)
    literal = setup(config, *words, "--literal")

    assert printed.stderr == literal.stderr == b""
    connects = [json.loads(each.stdout)["Statement"][0] for each in (printed, literal)]
    arn = "arn:aws:iot:eu-central-1:123456789012:client"
    assert connects[0]["Resource"] == [f"{arn}/${{iot:Connection.Thing.ThingName}}"]
    assert connects[1]["Resource"] == [f"{arn}/gw-1"]
    assert list(config.parent.iterdir()) == [config]


def test_without_a_terminal_it_asks_nothing(config: Path) -> None:
    ended = setup(config)

    assert ended.returncode == 2
    assert b"--endpoint" in ended.stderr


def test_a_place_where_nothing_can_be_written_is_told(config: Path) -> None:
    ended = setup(config / "config.toml", "--endpoint", "localhost", "--no-connect")

    assert ended.returncode == 78
    assert b"Not a directory" in ended.stderr
    assert b"Traceback" not in ended.stderr


class Typist:
    """Somebody at a terminal who answers each question when it is asked."""

    def __init__(self, *words: object) -> None:
        self._terminal, side = pty.openpty()
        self._process = subprocess.Popen(  # noqa: S603  this program itself
            [sys.executable, "-m", "devicewarden", *map(str, words)],
            stdin=side,
            stdout=subprocess.PIPE,
            stderr=side,
        )
        os.close(side)
        self.said = ""

    def answer(self, question: str, text: object) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while question not in self.said:
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"never asked {question!r}: {self.said}"
            if select.select([self._terminal], [], [], left_s)[0]:
                self.said += os.read(self._terminal, 4096).decode()
        self.said = self.said.partition(question)[2]
        os.write(self._terminal, f"{text}\n".encode())

    def end(self) -> int:
        self._process.communicate(timeout=DEADLINE_S)
        os.close(self._terminal)
        return self._process.returncode


def test_it_asks_on_a_terminal(sandbox: Sandbox, config: Path) -> None:
    files = sandbox.credentials("edge-1")
    typist = Typist("setup", "--config", config, "--no-connect")

    typist.answer("Endpoint", "localhost")
    typist.answer("Is it AWS IoT Core?", "y")
    typist.answer("Thing name", "edge-1")
    typist.answer("Port", sandbox.port)
    typist.answer("CA file", sandbox.ca_file)
    typist.answer("Certificate file", files.cert_file)
    typist.answer("Private key file", files.key_file)

    assert typist.end() == 0
    settings = load(config, {}).settings
    assert (settings.publish.endpoint, settings.publish.port) == ("localhost", sandbox.port)
    assert settings.publish.key_file == str(files.key_file)
    assert settings.publish.expect_reply


def test_a_plain_broker_asks_for_a_login_and_stays_a_plain_broker(config: Path) -> None:
    password = config.parent / "password"
    password.touch(0o600)
    password.write_text("secret\n")
    typist = Typist("setup", "--config", config, "--no-connect")

    for question, text in {
        "Endpoint": "localhost",
        "Is it AWS IoT Core?": "n",
        "Thing name": "edge-1",
        "Port": "",
        "CA file": "",
        "Certificate file": "",
        "User name": "joe",
        "File with the password": password,
    }.items():
        typist.answer(question, text)

    assert typist.end() == 0
    publish = load(config, {}).settings.publish
    assert (publish.username, publish.password_file) == ("joe", str(password))
    assert not publish.expect_reply
    assert "secret" not in (config.parent / "conf.d/10-setup.toml").read_text()
