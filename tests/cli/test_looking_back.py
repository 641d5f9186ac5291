"""`profile replay`, `profile suggest` and `baseline`, on a state file that a daemon wrote."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.detect.scenes import (
    BYTES_OUT,
    CONNECTIONS,
    TCP_PORTS,
    at_most,
    behavior,
    evaluator,
    only_ports,
    profile,
)

from devicewarden.cli import baseline
from devicewarden.cli import profile as profile_command
from devicewarden.config.settings import StateSettings
from devicewarden.detect.baseline_file import read_baselines
from devicewarden.detect.learned import baseline_name
from devicewarden.detect.observe import Observation
from devicewarden.model.errors import AgentError
from devicewarden.model.metric import Number
from devicewarden.model.violation import DatapointValue, Ports
from devicewarden.state.snapshots import Snapshot
from devicewarden.state.state import open_state

NOW = datetime.now(UTC)
DAY = 288
BEHAVIORS: list[dict[str, Any]] = [
    at_most(CONNECTIONS, 50) | {"name": "connections"},
    at_most(BYTES_OUT, 2900, durationSeconds=900) | {"name": "bytes"},
    only_ports(22, consecutiveDatapointsToAlarm=2) | {"name": "ports"},
    behavior(
        BYTES_OUT, comparisonOperator="less-than-equals",
        statisticalThreshold={"statistic": "p99"}, durationSeconds=300,
    ) | {"name": "percentile"},
    behavior(CONNECTIONS, mlDetectionConfig={"confidenceLevel": "LOW"}) | {"name": "learned"},
]  # fmt: skip


def recorded() -> list[Observation]:
    """Three days, seen every 150 s, until two hours ago; on the last day something happens."""
    end = datetime.fromtimestamp(NOW.timestamp() // 3600 * 3600 - 7200, UTC)
    told = []
    for step in range(3 * 2 * DAY):
        strange = step > 3 * 2 * DAY - 40
        values: dict[str, DatapointValue] = {
            CONNECTIONS: Number(90 if strange else 20 + step % 7),
            BYTES_OUT: Number(1000 if strange else 400 + step % 50),
            TCP_PORTS: Ports(frozenset({22, 23} if strange else {22})),
        }
        at = end - timedelta(seconds=150 * (3 * 2 * DAY - 1 - step))
        told.append(Observation(at=at, interval_s=150.0, values=values))
    return [*told, Observation(at=end + timedelta(seconds=1))]


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[str]]]:
    """Give a folder as a daemon leaves it, and the events that it saw."""
    folder = tmp_path_factory.mktemp("device")
    (folder / "profiles").mkdir()
    (folder / "profiles" / "edge.json").write_text(json.dumps(BEHAVIORS))
    (folder / "config.toml").write_text(
        f'[state]\ndir = "{folder}"\n[detect]\nprofiles_dir = "{folder}/profiles"\n'
    )
    judge = evaluator(profile(*BEHAVIORS))
    state = open_state(StateSettings(dir=str(folder)), lambda: NOW)
    events = []
    for observation in recorded():
        evaluation = judge.observe(observation)
        state.datapoints.append(evaluation.datapoints)
        events += [[e.behavior.name, e.kind, e.at.isoformat()] for e in evaluation.events]
    state.snapshots.save(
        "baseline",
        {baseline_name(k): Snapshot(1, data) for k, data in judge.learned.dump().items()},
    )
    state.close()
    return folder, events


@pytest.fixture
def folder(device: tuple[Path, list[list[str]]]) -> Path:
    return device[0]


def run(command: Any, folder: Path, *arguments: str) -> Result:
    config = ("--config", str(folder / "config.toml"))
    result = CliRunner().invoke(command, [arguments[0], *config, *arguments[1:]])
    if isinstance(result.exception, AgentError):
        raise result.exception
    return result


def replayed(folder: Path, file: Path) -> Any:
    return json.loads(run(profile_command.command, folder, "replay", str(file), "--json").stdout)


def test_replay_tells_the_alarms_that_live_observations_raised(
    device: tuple[Path, list[list[str]]],
) -> None:
    folder, live = device

    found = replayed(folder, folder / "profiles" / "edge.json")

    events = [
        [
            event["behavior"]["name"],
            event["violationEventType"],
            datetime.fromtimestamp(event["violationEventTime"] / 1000, UTC).isoformat(),
        ]
        for event in found["events"]
    ]
    assert {name for name, _, _ in events} == {each["name"] for each in BEHAVIORS}
    assert sorted(events) == sorted(live)


def test_replay_is_a_table_with_the_count_beside_it(folder: Path) -> None:
    result = run(profile_command.command, folder, "replay", str(folder / "profiles" / "edge.json"))

    assert result.stdout.startswith("AT ")
    assert "in-alarm" in result.stdout
    assert "5 alarms of 5 of 5 behaviors, from 2592 datapoints" in result.stderr


def test_replay_says_which_behavior_may_say_the_contrary(folder: Path, tmp_path: Path) -> None:
    value = {"count": 1000}
    flood = behavior(CONNECTIONS, "flood", comparisonOperator="greater-than", value=value)
    (tmp_path / "flood.json").write_text(json.dumps([flood]))

    [doubt] = replayed(folder, tmp_path / "flood.json")["doubts"]
    shown = run(profile_command.command, folder, "replay", str(tmp_path / "flood.json")).stdout

    assert (doubt["behavior"], doubt["failed"], doubt["datapoints"]) == ("flood", 864, 864)
    assert "doubt: flood failed 864 of 864 datapoints: a behavior says what is normal" in shown


def test_replay_of_a_broken_profile_says_how_to_learn_why(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[{}]")

    with pytest.raises(AgentError, match="cannot be judged"):
        run(profile_command.command, folder, "replay", str(broken))


def test_what_is_suggested_passes_the_check_for_aws_and_raises_nothing(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new.json"

    run(profile_command.command, folder, "suggest", "--name", "edge-2", "--out", str(out))

    checked = CliRunner().invoke(profile_command.command, ["check", "--aws", str(out)])
    assert checked.exit_code == 0
    assert "profile edge-2 can be judged, behaviors: 3" in checked.stderr
    assert replayed(folder, out)["events"] == []
    origins = (tmp_path / "new.json.origins.md").read_text()
    assert "- listening-tcp-ports: 23: in 20 of 864 datapoints" in origins


def test_suggest_replaces_no_file_unless_it_is_told_to(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.json"
    out.write_text("mine")

    with pytest.raises(AgentError, match="exists"):
        run(profile_command.command, folder, "suggest", "--out", str(out))

    assert out.read_text() == "mine"


def test_suggest_of_a_time_without_datapoints_says_so(folder: Path) -> None:
    with pytest.raises(AgentError, match="nothing was seen"):
        run(profile_command.command, folder, "suggest", "--since", "5m")


def test_show_tells_what_each_behavior_that_learns_knows(folder: Path) -> None:
    shown = json.loads(run(baseline.command, folder, "show", "--json").stdout)

    rows = {row["behaviorName"]: row for row in shown}
    assert {name: (row["datapoints"], row["progress"]) for name, row in rows.items()} == {
        "percentile": (864, 1.0),
        "learned": (864, 1.0),
    }
    assert rows["percentile"]["limit"] == 2000
    assert "percentile" in run(baseline.command, folder, "show").stdout


def test_a_golden_device_teaches_another(folder: Path, tmp_path: Path) -> None:
    golden, other = tmp_path / "golden.json", tmp_path / "other"
    other.mkdir()
    (other / "config.toml").write_text(f'[state]\ndir = "{other}"\n')
    open_state(StateSettings(dir=str(other)), lambda: NOW).reports.next_report_id()

    run(baseline.command, folder, "export", str(golden))
    told = run(baseline.command, other, "import", str(golden))

    taken = open_state(StateSettings(dir=str(other)), lambda: NOW).snapshots.take_imports()
    exported = read_baselines(golden.read_bytes())
    assert taken == {baseline_name(key): data for key, data in exported.items()}
    assert "imported 2 baselines; the daemon takes it at its next start or reload" in told.stderr
    assert "edge-17" not in golden.read_text()


def test_import_takes_nothing_of_a_file_that_is_damaged(folder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.json"
    run(baseline.command, folder, "export", str(damaged))
    damaged.write_text(damaged.read_text().replace('"data": "R', '"data": "S', 1))

    with pytest.raises(AgentError, match="checksum"):
        run(baseline.command, folder, "import", str(damaged))

    state = open_state(StateSettings(dir=str(folder)), lambda: NOW)
    assert state.snapshots.names("import") == ()
    state.close()


def test_reset_asks_the_daemon_to_forget_one_behavior(folder: Path) -> None:
    run(baseline.command, folder, "reset", "percentile")

    state = open_state(StateSettings(dir=str(folder)), lambda: NOW)
    imports = {
        name: state.snapshots.load("import", name, 1) for name in state.snapshots.names("import")
    }
    state.snapshots.forget("import", next(iter(imports)))
    state.close()
    assert imports == {f"statistical/300/{BYTES_OUT}": b""}


@pytest.mark.parametrize("arguments", [(), ("percentile", "--all")], ids=["neither", "both"])
def test_reset_wants_a_behavior_or_all(folder: Path, arguments: tuple[str, ...]) -> None:
    assert run(baseline.command, folder, "reset", *arguments).exit_code == 2


def test_reset_of_an_unknown_behavior_is_refused(folder: Path) -> None:
    with pytest.raises(AgentError, match="no such behavior learns"):
        run(baseline.command, folder, "reset", "unknown")
