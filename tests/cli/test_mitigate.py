"""`devicewarden mitigate` and `quarantine` by hand: what is refused, and what the lists tell."""

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tests.mitigate.hosts import NOW
from tests.mitigate.world import World

from devicewarden.cli import mitigate_root
from devicewarden.cli.main import devicewarden
from devicewarden.cli.mitigate_root import given, given_or_nothing
from devicewarden.cli.options import load_config
from devicewarden.config.mitigate_settings import LEDGER
from devicewarden.mitigate.executor import Executor
from devicewarden.mitigate.record_form import Entry, write_ledger
from devicewarden.model.action import ActionRecord, Cause
from devicewarden.model.errors import ConfigError


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "actions").mkdir()
    file = tmp_path / "config.toml"
    file.write_text(
        f'[mitigate]\ndir = "{tmp_path}/actions"\nrecords_dir = "{tmp_path}/records"\n'
        f'[state]\ndir = "{tmp_path}/state"\n'
    )
    return file


def run(*words: str, config: Path) -> Result:
    arguments = [*words, "--config", str(config)]
    return CliRunner().invoke(devicewarden, arguments, standalone_mode=False)


def test_the_list_is_what_root_wrote(config: Path) -> None:
    record = ActionRecord(
        action_id="a" * 32,
        cause=Cause("violation", "v1"),
        name="cut-off",
        type="QUARANTINE",
        status="FAILED",
        message="nft refused: \x1b[2Jno",
        started_at=NOW,
        ended_at=NOW,
    )
    (config.parent / "records").mkdir()
    (config.parent / "records" / LEDGER).write_bytes(write_ledger([Entry(record=record)], ()))

    table, document = (run("mitigate", "list", *more, config=config) for more in ((), ("--json",)))

    assert "FAILED" in table.stdout
    assert "\x1b" not in table.stdout
    assert json.loads(document.stdout)[0]["violationId"] == "v1"


@pytest.mark.parametrize(
    "words",
    [
        ("mitigate", "apply"),
        ("mitigate", "apply", "v1", "--pending"),
        ("mitigate", "undo"),
        ("mitigate", "undo", "x", "--all"),
        ("mitigate", "plan", "a b"),
        ("quarantine", "on", "--for", "0"),
    ],
)
def test_arguments_that_make_no_sense_are_usage_errors(
    config: Path, words: tuple[str, ...]
) -> None:
    assert isinstance(run(*words, config=config).exception, click.UsageError)


@pytest.mark.parametrize(
    "words",
    [("mitigate", "undo", "--all"), ("mitigate", "apply", "--pending"), ("quarantine", "on")],
)
def test_who_is_not_root_changes_nothing(
    config: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody = os.geteuid() or 1000
    monkeypatch.setattr(os, "geteuid", lambda: somebody)

    refused = run(*words, config=config).exception

    assert "takes root" in str(refused)
    assert not (config.parent / "records").exists()


@pytest.mark.parametrize("name", ["config.toml", "actions/a.json"])
def test_root_does_not_go_by_what_others_may_write(config: Path, name: str) -> None:
    (config.parent / "actions" / "a.json").write_text("[]")
    (config.parent / name).chmod(0o666)

    with pytest.raises(ConfigError) as refused:
        given(config)

    assert [problem.where for problem in refused.value.problems] == [str(config.parent / name)]


def test_a_broken_configuration_allows_nothing_new(config: Path) -> None:
    (config.parent / "actions" / "a.json").write_text("{")

    found = given_or_nothing(config)

    assert found.broken
    assert found.orders.actions == {}


def _a_pipe(state: Path) -> None:
    os.mkfifo(state / "orders.json")


def _facts_that_are_nested(state: Path) -> None:
    (state / "identity" / "g1").mkdir(parents=True)
    (state / "identity" / "current").symlink_to("g1")
    (state / "identity" / "g1" / "identity.json").write_text("[" * 60_000)


def _facts_that_are_a_pipe(state: Path) -> None:
    (state / "identity" / "g1").mkdir(parents=True)
    (state / "identity" / "current").symlink_to("g1")
    os.mkfifo(state / "identity" / "g1" / "identity.json")


def _a_link_to_itself(state: Path) -> None:
    (state / "identity").mkdir()
    (state / "identity" / "current").symlink_to("current")


def _another_name_and_no_files(state: Path) -> None:
    (state / "identity" / "g1").mkdir(parents=True)
    (state / "identity" / "current").symlink_to("g1")
    facts = {"certificate_id": "x", "thing": "a/\x1b", "replaces": ""}
    (state / "identity" / "g1" / "identity.json").write_text(json.dumps(facts))


@pytest.mark.parametrize(
    "lay",
    [
        _a_pipe,
        _facts_that_are_nested,
        _facts_that_are_a_pipe,
        _a_link_to_itself,
        _another_name_and_no_files,
    ],
)
def test_whoever_is_the_agent_cannot_keep_root_from_acting(
    config: Path, lay: Callable[[Path], None]
) -> None:
    (config.parent / "state").mkdir()
    undisturbed = given(config)

    lay(config.parent / "state")

    assert given(config) == undisturbed
    assert not given(config).broken


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_quarantine_says_that_it_cuts_sessions_before_it_does(
    config: Path, monkeypatch: pytest.MonkeyPatch, *, dry_run: bool
) -> None:
    world = World(config.parent / "records")

    def executor_of(_found: object, *, operator: bool) -> AbstractContextManager[Executor]:
        return world.executor(operator=operator)

    monkeypatch.setattr(mitigate_root, "executor_of", executor_of)
    told = run("quarantine", "on", *(["--dry-run"] if dry_run else ["--for", "60"]), config=config)

    warned = told.stderr.startswith("every session over the network is cut now, for at most 60 s")
    assert warned is not dry_run
    assert "quarantine-by-hand" in told.output


def test_root_acts_where_only_the_agent_has_a_certificate(config: Path) -> None:
    with config.open("a") as file:
        file.write('[publish]\nendpoint = "x-ats.iot.eu-central-1.amazonaws.com"\n')

    assert given(config).settings.publish.endpoint
    with pytest.raises(ConfigError, match=r"publish\.cert_file"):
        load_config(config)
