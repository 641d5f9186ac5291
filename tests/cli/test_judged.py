"""The configuration as another process judges it, and what is kept of one that works."""

import json
import os
import stat
import sys
import sysconfig
from pathlib import Path

import pytest

from devicewarden.cli.judged import Configuration
from devicewarden.config.load import load
from devicewarden.model.errors import ConfigError

pytestmark = pytest.mark.e2e


def written(folder: Path, text: str = "") -> Path:
    file = folder / "config.toml"
    file.write_text(text)
    return file


def test_another_process_judges_as_this_one_would(tmp_path: Path) -> None:
    file = written(tmp_path, f'[thing]\nname = "edge-1"\n[state]\ndir = "{tmp_path}"\n')

    assert Configuration(file, None).judge() == load(file, os.environ).settings


def test_another_process_tells_every_problem(tmp_path: Path) -> None:
    file = written(tmp_path, "[report]\ninterval_s = 0\nformt = 1\n")
    with pytest.raises(ConfigError) as here:
        load(file, os.environ)

    with pytest.raises(ConfigError) as there:
        Configuration(file, None).judge()

    assert there.value.problems == here.value.problems
    assert len(there.value.problems) == 2
    assert str(there.value) == str(here.value)


def test_another_process_runs_no_code_from_the_home_of_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path))
    packages = Path(sysconfig.get_path("purelib", f"{os.name}_user", {"userbase": str(tmp_path)}))
    packages.mkdir(parents=True)
    (packages / "usercustomize.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")

    # A virtual environment has no such folder; the package's interpreter does.
    monkeypatch.setattr("sys.executable", os.path.realpath(sys.executable))
    Configuration(written(tmp_path), None).judge()

    assert not (tmp_path / "ran").exists()


def test_a_process_that_cannot_judge_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))

    with pytest.raises(ConfigError, match="cannot be judged"):
        Configuration(None, None).judge()


def test_what_works_is_kept_as_it_was_given_and_judged_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, kept = written(tmp_path, '[thing]\nname = "edge-1"\n'), tmp_path / "last-good.json"
    monkeypatch.setenv("DEVICEWARDEN_REPORT__INTERVAL_S", "600")
    configuration = Configuration(file, kept)
    good = configuration.judge()

    configuration.keep()

    monkeypatch.delenv("DEVICEWARDEN_REPORT__INTERVAL_S")
    assert json.loads(kept.read_bytes()) == {
        "thing": {"name": "edge-1"},
        "report": {"interval_s": 600},
    }
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert Configuration(file, kept).judge_last_good() == good


def test_a_substitute_is_never_kept(tmp_path: Path) -> None:
    kept = tmp_path / "last-good.json"
    kept.write_text('{"thing": {"name": "edge-1"}}')
    configuration = Configuration(written(tmp_path), kept)
    configuration.judge()
    configuration.judge_defaults()

    configuration.keep()

    assert json.loads(kept.read_bytes()) == {"thing": {"name": "edge-1"}}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="never-kept"),
        pytest.param('{"thing": {"na', id="half-written"),
        pytest.param("[]", id="no-table"),
        pytest.param('{"thing": {"nick": "edge"}}', id="setting-of-another-version"),
    ],
)
def test_what_was_kept_and_is_no_longer_good_is_a_configuration_error(
    tmp_path: Path, content: str | None
) -> None:
    kept = tmp_path / "last-good.json"
    if content is not None:
        kept.write_text(content)

    with pytest.raises(ConfigError):
        Configuration(None, kept).judge_last_good()


def test_a_copy_that_cannot_be_kept_ends_nothing(tmp_path: Path) -> None:
    configuration = Configuration(written(tmp_path), tmp_path / "no-folder" / "last-good.json")
    configuration.judge()

    configuration.keep()

    assert not (tmp_path / "no-folder").exists()
