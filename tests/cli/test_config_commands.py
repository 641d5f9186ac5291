"""`check-config` and `config show`: what they print, where, and how they exit."""

import json
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result

from devicewarden.cli import check_config, config
from devicewarden.config.knobs import knobs
from devicewarden.config.load import load
from devicewarden.model.errors import ConfigError

BAD = '[log]\nlevl = "info"\n[state]\nkeep_days = 0\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for knob in knobs():
        monkeypatch.delenv(knob.variable, raising=False)
    return tmp_path / "config.toml"


def check(file: Path, *options: str) -> Result:
    return CliRunner().invoke(check_config.command, ["--config", str(file), *options])


def show(file: Path, *options: str) -> Result:
    return CliRunner().invoke(config.command, ["show", "--config", str(file), *options])


def test_check_tells_every_problem_on_a_line_of_standard_error(file: Path) -> None:
    file.write_text(BAD)

    result = check(file)

    assert result.exit_code == 78
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"{file}:2: log.levl: unknown setting (did you mean level?)",
        f"{file}:4: state.keep_days: must be at least 1, not 0",
    ]


@pytest.mark.parametrize("text", [BAD, "nonsense", '[thing]\nname = "+"'])
def test_check_and_a_start_say_the_same(text: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, {})

    shown, checked = show(file), check(file)

    assert checked.exit_code == shown.exit_code == 78
    assert checked.stderr == shown.stderr
    assert checked.stderr.splitlines() == [str(problem) for problem in caught.value.problems]


def test_check_names_the_files_of_a_valid_configuration(file: Path) -> None:
    file.write_text("")
    (file.parent / "conf.d").mkdir()
    (file.parent / "conf.d/a.toml").write_text("")

    result = check(file)

    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "configuration is valid",
        f"  read {file}",
        f"  read {file.parent}/conf.d/a.toml",
    ]


def test_check_tells_problems_as_json(file: Path) -> None:
    file.write_text("[log]\nlevel = 7")

    result = check(file, "--format", "json")

    assert result.exit_code == 78
    assert json.loads(result.stdout) == {
        "valid": False,
        "problems": [
            {
                "where": f"{file}:2",
                "message": "log.level: must be a string, not an integer",
                "hint": "",
            }
        ],
        "files": [],
    }


def test_check_tells_validity_as_json(file: Path) -> None:
    file.write_text("")

    result = check(file, "--format", "json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"valid": True, "problems": [], "files": [str(file)]}


def test_check_sees_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("")
    monkeypatch.setenv("DEVICEWARDEN_LOG__LEVEL", "loud")

    result = check(file)

    assert result.exit_code == 78
    assert result.stderr.startswith("environment DEVICEWARDEN_LOG__LEVEL: log.level: must be")


def test_check_refuses_a_file_that_is_not_there(file: Path) -> None:
    result = check(file)

    assert result.exit_code == 78
    assert result.stderr == f"{file}: cannot be read: No such file or directory\n"


def test_show_prints_each_value_and_its_origin(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('[thing]\nname = "pump"')
    monkeypatch.setenv("DEVICEWARDEN_PUBLISH__QOS", "0")

    result = show(file)

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert len(lines) == len(list(knobs()))
    assert lines[:3] == [
        f'thing.name = "pump"  # {file}:2',
        'thing.client_id = "pump"  # default (thing name)',
        "collect.interval_s = 1.0  # default",
    ]
    assert "publish.qos = 0  # environment DEVICEWARDEN_PUBLISH__QOS" in lines


def test_show_prints_json(file: Path) -> None:
    file.write_text(
        '[[custom_metrics.commands]]\nname = "n"\ntype = "number"\nargv = ["x"]\n[report]\n'
    )

    result = show(file, "--format", "json")

    document = json.loads(result.stdout)
    assert list(document) == [knob.key for knob in knobs()]
    assert document["report.interval_s"] == {"value": 300, "origin": "default"}
    assert document["custom_metrics.commands"] == {
        "value": [{"name": "n", "type": "number", "argv": ["x"], "timeout_s": 5.0}],
        "origin": f"{file}:1",
    }


@pytest.mark.parametrize("command", [check_config.command, config.command])
def test_help_is_there(command: Command) -> None:
    result = CliRunner().invoke(command, ["--help"])

    assert result.exit_code == 0
    assert "configuration" in result.stdout
