"""Files that the configuration names: readable by us, and secret ones by nobody else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from devicewarden.config.load import Loaded, load
from devicewarden.config.paths import broken_files
from devicewarden.config.settings import PublishSettings, Settings
from devicewarden.model.errors import ConfigError, Problem

LoadText = Callable[..., Loaded]
ProblemsOf = Callable[..., tuple[Problem, ...]]
SECRETS = ("key_file", "pkcs11_pin_file", "password_file", "proxy_password_file")


def made(path: Path, mode: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("x")
    path.chmod(mode)
    return path


def publish(tmp_path: Path, key: str, file: Path | str) -> str:
    """Write a section that names a secret file, and a certificate where it needs one."""
    certificate = f'cert_file = "{made(tmp_path / "cert.pem", 0o644)}"\n'
    return f'[publish]\n{key} = "{file}"\n{certificate if key == "key_file" else ""}'


@pytest.mark.parametrize("key", SECRETS)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601, 0o610], ids=oct)
def test_a_secret_that_others_may_touch_is_refused(
    key: str, mode: int, tmp_path: Path, problems_of: ProblemsOf
) -> None:
    file = made(tmp_path / "secret", mode)

    problems = problems_of(publish(tmp_path, key, file))

    assert problems == (
        Problem(
            f"{tmp_path}/config.toml:2",
            f'publish.{key}: "{file}" is open to others (mode {mode:04o})',
            f'chmod 600 "{file}"',
        ),
    )


@pytest.mark.parametrize("key", SECRETS)
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700], ids=oct)
def test_a_secret_of_its_owner_alone_is_good(
    key: str, mode: int, tmp_path: Path, load_text: LoadText
) -> None:
    file = made(tmp_path / "secret", mode)

    loaded = load_text(publish(tmp_path, key, file))

    assert getattr(loaded.settings.publish, key) == str(file)


def test_what_a_link_points_to_counts(tmp_path: Path, problems_of: ProblemsOf) -> None:
    link = tmp_path / "link"
    link.symlink_to(made(tmp_path / "secret", 0o640))

    problems = problems_of(publish(tmp_path, "password_file", link))

    assert "is open to others" in problems[0].message


def test_a_copy_made_by_systemd_may_be_readable_by_its_group(
    tmp_path: Path, load_text: LoadText
) -> None:
    file = made(tmp_path / "credentials" / "key", 0o440)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}

    loaded = load_text(publish(tmp_path, "key_file", file), environ)

    assert loaded.settings.publish.key_file == str(file)


@pytest.mark.parametrize(
    ("name", "mode"),
    [("credentials/key", 0o444), ("credentials/key", 0o460), ("credentials/../key", 0o440)],
    ids=["others read", "group writes", "elsewhere"],
)
def test_a_copy_made_by_systemd_is_not_open_to_more(
    name: str, mode: int, tmp_path: Path, problems_of: ProblemsOf
) -> None:
    (tmp_path / "credentials").mkdir()
    file = made(tmp_path / name, mode)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}

    problems = problems_of(publish(tmp_path, "key_file", file), environ)

    assert "is open to others" in problems[0].message


@pytest.mark.usefixtures("as_nobody")
def test_a_file_that_this_user_may_not_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "private" / "ca.pem"
    settings = Settings(publish=PublishSettings(ca_file=str(file)))

    faults = list(broken_files(settings, {}))

    assert [fault.message for fault in faults] == [f'"{file}" cannot be read: Permission denied']


def test_who_judges_files_otherwise_takes_them_as_they_are(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        publish(tmp_path, "key_file", made(tmp_path / "key.pem", 0o644))
        + f'ca_file = "{tmp_path}/away.pem"\n'
    )

    settings = load(config, {}, judge_files=False).settings

    assert settings.publish.ca_file == f"{tmp_path}/away.pem"
    with pytest.raises(ConfigError) as judged:
        load(config, {})
    assert len(judged.value.problems) == 2


def test_a_relative_path_is_refused_whoever_judges_the_file(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(publish(tmp_path, "ca_file", "ca.pem"))

    with pytest.raises(ConfigError, match="absolute"):
        load(config, {}, judge_files=False)


def test_a_named_pipe_is_not_waited_for(tmp_path: Path, load_text: LoadText) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)

    with pytest.raises(ConfigError, match="is not a file"):
        load_text(publish(tmp_path, "password_file", pipe))
