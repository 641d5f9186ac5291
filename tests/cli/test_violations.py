"""`devicewarden violations`: what it prints, how it exits, and what it makes of hostile input."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.state.scene import SINKS, opened, step

from devicewarden.cli.violations import command
from devicewarden.config.knobs import knobs
from devicewarden.model.errors import AgentError
from devicewarden.state.state import State

NOW = datetime.now(UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for knob in knobs():
        monkeypatch.delenv(knob.variable, raising=False)
    monkeypatch.setenv("DEVICEWARDEN_STATE__DIR", str(tmp_path / "state"))
    (tmp_path / "config.toml").write_text("")
    return tmp_path


@pytest.fixture
def daemon(folder: Path) -> Iterator[State]:
    """The daemon's open state, with an old violation that ended and a new one that lasts."""
    state = opened(folder / "state")
    old = NOW - timedelta(days=20)
    state.violations.record(
        [
            step("0a", at=old, profile="edge"),
            step("0a", "alarm-cleared", old + timedelta(hours=1), profile="edge"),
            step("1b", at=NOW, profile="other", simulated=True),
        ],
        SINKS,
    )
    yield state
    state.close()


def run(folder: Path, *arguments: str) -> Result:
    name, *rest = arguments
    return CliRunner().invoke(
        command,
        [name, "--config", str(folder / "config.toml"), *rest],
        standalone_mode=False,
    )


@pytest.mark.usefixtures("daemon")
def test_list_prints_a_table_and_exits_with_1(folder: Path) -> None:
    result = run(folder, "list")

    lines = [line.split() for line in result.stdout.splitlines()]
    assert result.return_value == 1
    assert lines[0] == ["ID", "SINCE", "STATE", "PROFILE", "BEHAVIOR", "VERIFICATION"]
    assert lines[1][0] == "1b"
    assert lines[1][3:] == ["in-alarm", "other", "few-ports", "UNKNOWN", "simulated"]
    assert lines[2][0] == "0a"
    assert lines[2][3] == "alarm-cleared"


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ([], ["1b", "0a"]),
        (["--since", "14d"], ["1b"]),
        (["--since", "5w"], ["1b", "0a"]),
        (["--active"], ["1b"]),
        (["--profile", "edge"], ["0a"]),
        (["--profile", "\udcff'; --"], []),
        (["--state", "alarm-cleared"], ["0a"]),
    ],
)
def test_list_chooses(folder: Path, options: list[str], ids: list[str]) -> None:
    result = run(folder, "list", "--json", *options)

    assert [violation["violationId"] for violation in json.loads(result.stdout)] == ids
    assert result.return_value == (1 if ids else 0)


def test_no_violations_is_status_0(folder: Path) -> None:
    opened(folder / "state").close()

    result = run(folder, "list")

    assert (result.return_value, result.stdout) == (0, "")
    assert result.stderr == "no violations\n"


@pytest.mark.usefixtures("daemon")
def test_show_prints_a_violation_with_all_its_events(folder: Path) -> None:
    result = run(folder, "show", "0a", "--json")

    document = json.loads(result.stdout)
    assert document["violationEventType"] == "alarm-cleared"
    assert [event["violationEventType"] for event in document["events"]] == [
        "in-alarm",
        "alarm-cleared",
    ]


def test_what_a_hostile_program_wrote_does_not_reach_the_terminal(
    folder: Path, daemon: State
) -> None:
    hostile = "\x1b[2J\x9b\u202e\n"
    document = json.dumps({"context": {"program": hostile}}, ensure_ascii=False)
    daemon.violations.record([step("2c", profile=hostile, document=document)], SINKS)

    shown = run(folder, "show", "2c").stdout + run(folder, "list").stdout

    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
    assert "\\u001b[2J" in shown


def test_verify_reaches_the_running_daemon(folder: Path, daemon: State) -> None:
    result = run(folder, "verify", "0a", "FALSE_POSITIVE", "--note", "the new pump")

    (verified,) = daemon.violations.unapplied_verifications()
    shown = run(folder, "show", "0a").stdout
    assert result.exception is None
    assert result.stderr == "0a is FALSE_POSITIVE\n"
    assert (verified.violation_id, verified.verification) == ("0a", "FALSE_POSITIVE")
    assert "FALSE_POSITIVE" in shown
    assert "the new pump" in shown


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["show", "' OR 1=1 --"], id="SQL"),
        pytest.param(["show", "../../etc/passwd"], id="path"),
        pytest.param(["show", "\udcff\udcfe"], id="no UTF-8"),
        pytest.param(["show", "a" * 129], id="long id"),
        pytest.param(["show", ""], id="no id"),
        pytest.param(["verify", "0a", "WRONG"], id="unknown state"),
        pytest.param(["verify", "0a", "FALSE_POSITIVE", "--note", "x" * 1001], id="long note"),
        pytest.param(["verify", "0a", "FALSE_POSITIVE", "--note", "a\x1b[2J"], id="escape"),
        pytest.param(["verify", "0a", "FALSE_POSITIVE", "--note", "\udcff"], id="note in bytes"),
        pytest.param(["list", "--since", "9" * 5000 + "d"], id="endless age"),
        pytest.param(["list", "--since", "99999w"], id="age before all calendars"),
        pytest.param(["list", "--since", "-1d"], id="negative age"),
        pytest.param(["list", "--since", "\u0661d"], id="digit of another script"),
        pytest.param(["list", "--since", "soon"], id="no age"),
        pytest.param(["list", "--state", "fine"], id="no state"),
    ],
)
def test_hostile_arguments_are_a_usage_error(folder: Path, arguments: list[str]) -> None:
    name, *rest = arguments

    result = CliRunner().invoke(command, [name, "--config", str(folder / "config.toml"), *rest])

    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize("arguments", [("show", "ff"), ("verify", "ff", "FALSE_POSITIVE")])
def test_an_unknown_violation_is_told(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(folder, *arguments)

    assert isinstance(result.exception, AgentError)
    assert str(result.exception) == "there is no violation ff"


@pytest.mark.parametrize("arguments", [("list",), ("verify", "0a", "FALSE_POSITIVE")])
@pytest.mark.parametrize("content", [None, b"", b"no database" * 100], ids=["none", "empty", "no"])
def test_where_no_state_file_can_be_used_it_is_told_and_none_is_made(
    folder: Path, arguments: tuple[str, ...], content: bytes | None
) -> None:
    path = folder / "state" / "state.db"
    if content is not None:
        path.parent.mkdir()
        path.write_bytes(content)

    result = run(folder, *arguments)

    assert isinstance(result.exception, AgentError)
    assert path.exists() == (content is not None)
    assert not content or path.read_bytes() == content
