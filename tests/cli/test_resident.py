"""The daemon's own way in: what needs click, and what another process judges."""

import os
from pathlib import Path

import pytest

from devicewarden.cli.resident import config_of, judged
from devicewarden.config.load import load
from devicewarden.model.errors import ConfigError


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        pytest.param([], (None,), id="nothing"),
        pytest.param(["--config", "/a b"], (Path("/a b"),), id="file"),
        pytest.param(["--config"], None, id="no-file"),
        pytest.param(["--help"], None, id="help"),
        pytest.param(["--config", "/a", "more"], None, id="more"),
    ],
)
def test_anything_unusual_is_left_to_click(
    arguments: list[str], found: tuple[Path | None] | None
) -> None:
    assert config_of(arguments) == found


@pytest.mark.e2e
def test_another_process_judges_as_this_one_would(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[thing]\nname = "edge-1"\n[state]\ndir = "{tmp_path}"\n')

    assert judged(file) == load(file, os.environ).settings


@pytest.mark.e2e
def test_another_process_tells_every_problem(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[report]\ninterval_s = 0\nformt = 1\n")
    with pytest.raises(ConfigError) as here:
        load(file, os.environ)

    with pytest.raises(ConfigError) as there:
        judged(file)

    assert there.value.problems == here.value.problems
    assert len(there.value.problems) == 2
    assert str(there.value) == str(here.value)


@pytest.mark.e2e
def test_a_process_that_cannot_judge_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))

    with pytest.raises(ConfigError, match="cannot be judged"):
        judged(None)
