"""Sinks in the configuration: several of a kind, each known by its name."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from devicewarden.config.credentials import with_copies
from devicewarden.config.load import Loaded
from devicewarden.config.notify_settings import NotifySettings, WebhookSettings
from devicewarden.config.plain import from_plain, plain
from devicewarden.config.settings import Settings
from devicewarden.model.errors import Problem

LoadText = Callable[..., Loaded]
ProblemsOf = Callable[..., tuple[Problem, ...]]
WEBHOOK = '[[notify.webhooks]]\nname = "ops"\nurl = "{url}"\nsecret_file = "{file}"\n'
COMMAND = '[[notify.commands]]\nname = "{name}"\nargv = {argv}\n'
TOPIC = '[[notify.sns]]\nname = "fleet"\ntopic_arn = "{arn}"\n'
ARN = "arn:aws:sns:eu-central-1:123456789012:alarms"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.touch(0o600)
    return file


def test_sinks_of_every_kind_load_and_travel_to_the_daemon(
    secret: Path, load_text: LoadText
) -> None:
    text = (
        WEBHOOK.format(url="https://ops.example/hook?site=1", file=secret)
        + 'events = ["finding"]\nseverity = "HIGH"\n'
        + COMMAND.format(name="siren", argv='["/usr/bin/siren", "on"]')
        + COMMAND.format(name="lamp", argv='["lamp"]')
        + TOPIC.format(arn=ARN)
    )

    settings = load_text(text).settings

    (webhook,) = settings.notify.webhooks
    assert (webhook.name, webhook.events, webhook.severity) == ("ops", ("finding",), "HIGH")
    assert [command.name for command in settings.notify.commands] == ["siren", "lamp"]
    assert settings.notify.sns[0].topic_arn == ARN
    assert from_plain(json.loads(json.dumps(plain(settings)))) == settings


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://ops.example/", "must be an https URL"),
        ("https:///hook", "must be an https URL"),
        ("https://ops.example:70000/", "must be an https URL"),
        ("https://ops.example/a b", "must be an https URL"),
        ("https://bücher.example/", "must be an https URL"),
        ("https://me:secret@ops.example/", "must have no user name"),
        ("https://ops.example/#part", "no fragment"),
        ("http://ops.example/", "sends plain text"),
    ],
)
def test_an_address_that_cannot_be_or_is_not_safe_is_refused(
    url: str, message: str, secret: Path, problems_of: ProblemsOf
) -> None:
    (problem,) = problems_of(WEBHOOK.format(url=url, file=secret))

    assert problem.message.startswith("notify.webhooks[0].url: ")
    assert message in problem.message


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080"])
def test_plain_text_to_loopback_is_good(host: str, secret: Path, load_text: LoadText) -> None:
    loaded = load_text(WEBHOOK.format(url=f"http://{host}/", file=secret))

    assert len(loaded.settings.notify.webhooks) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (COMMAND.format(name="a/b", argv='["x"]'), 'name: "a/b" is no name for a sink'),
        (COMMAND.format(name="a", argv="[]"), "argv: must begin with a program"),
        (COMMAND.format(name="a", argv='["x"]') + "timeout_s = 500\n", "must be at most 50"),
        (COMMAND.format(name="a", argv='["x"]') + 'events = ["alarm"]\n', "must be"),
        (COMMAND.format(name="a", argv='["x"]') + 'severty = "LOW"\n', "unknown setting"),
        (COMMAND.format(name="a", argv='["x"]') * 2, "is the name of two sinks"),
        (TOPIC.format(arn="arn:aws:sqs:eu-central-1:123456789012:x"), "is no ARN of a topic"),
        (WEBHOOK.format(url="https://ops.example/", file=""), "secret_file: must not be empty"),
    ],
)
def test_what_cannot_work_is_told_where_it_stands(
    text: str, message: str, problems_of: ProblemsOf
) -> None:
    problems = problems_of(text)

    assert message in problems[0].message


def test_a_secret_that_others_may_read_is_refused(secret: Path, problems_of: ProblemsOf) -> None:
    secret.chmod(0o640)

    (problem,) = problems_of(WEBHOOK.format(url="https://ops.example/", file=secret))

    assert problem.message == (
        f'notify.webhooks[0].secret_file: "{secret}" is open to others (mode 0640)'
    )


def test_a_secret_that_is_missing_is_told(tmp_path: Path, problems_of: ProblemsOf) -> None:
    (problem,) = problems_of(WEBHOOK.format(url="https://ops.example/", file=tmp_path / "none"))

    assert "cannot be read: No such file" in problem.message


def test_a_secret_of_root_alone_is_read_from_its_copy(tmp_path: Path) -> None:
    (tmp_path / "certs_hook").touch()
    webhook = WebhookSettings("ops", "https://ops.example/", "/nonexistent/certs/hook")

    found = with_copies(
        Settings(notify=NotifySettings(webhooks=(webhook,))),
        {"CREDENTIALS_DIRECTORY": str(tmp_path)},
    )

    assert found.notify.webhooks[0].secret_file == str(tmp_path / "certs_hook")
