"""Plans are applied once, in order, by what root allows; what goes wrong is recorded and undone."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.mitigate.hosts import planned, settings_of
from tests.mitigate.world import World, apply

from devicewarden.config.settings import Settings
from devicewarden.mitigate.ledger import open_ledger
from devicewarden.mitigate.record_form import read_records
from devicewarden.model.action import Cause
from devicewarden.model.errors import MitigationError


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "records")


def test_what_is_allowed_is_applied_and_recorded(world: World) -> None:
    found = apply(world, "cut-off", "port")

    assert found == [("SUCCESSFUL", ""), ("SUCCESSFUL", "")]
    assert len(world.nft.gates) == 2
    assert world.statuses() == {"cut-off": "SUCCESSFUL", "port": "SUCCESSFUL"}


def test_each_cause_is_acted_on_once(world: World) -> None:
    apply(world, "port")
    scripts = len(world.nft.scripts)

    apply(world, "port")

    assert len(world.nft.scripts) == scripts


def test_a_person_has_done_again_what_failed_or_is_over_but_the_agent_has_not(
    world: World,
) -> None:
    world.nft.refuses = "Error: No such file or directory"
    apply(world, "port")
    world.nft.refuses = ""

    agent = apply(world, "port")
    person = apply(world, "port", operator=True)

    assert [status for status, _ in agent] == ["FAILED"]
    assert person == [("SUCCESSFUL", "")]
    assert len(world.nft.gates) == 1


def test_one_that_fails_skips_the_rest(world: World) -> None:
    found = apply(world, "port", "broker", "cut-off")

    assert [status for status, _ in found] == ["SUCCESSFUL", "FAILED", "SKIPPED"]
    assert found[2][1] == "broker failed before"
    assert "it stays reachable" in found[1][1]


@pytest.mark.parametrize(
    ("names", "settings", "status", "why"),
    [
        pytest.param(["port"], settings_of(enabled=False), "SKIPPED", "enabled is false", id="off"),
        pytest.param(["port"], settings_of(allow=()), "FAILED", "not in mitigate.allow", id="type"),
        pytest.param(["nothing"], None, "FAILED", "no action nothing", id="unknown"),
        pytest.param(["certificate"], None, "SKIPPED", "changes the AWS account", id="account"),
        pytest.param(["ssh"], None, "FAILED", "protected", id="own-way-in"),
        pytest.param(["shell"], None, "FAILED", "not in mitigate.allow_commands", id="command"),
        pytest.param(["port"], settings_of(dry_run=True), "SKIPPED", "dry run", id="dry-run"),
    ],
)
def test_what_asks_for_more_is_refused_with_the_reason(
    world: World, names: list[str], settings: Settings | None, status: str, why: str
) -> None:
    ((found, message),) = apply(world, *names, settings=settings)

    assert found == status
    assert why in message
    assert world.nft.scripts == []


@pytest.mark.parametrize("name", ["ssh", "shell", "broker"])
def test_a_dry_run_refuses_what_would_be_refused_in_earnest(world: World, name: str) -> None:
    ((dry, why),) = apply(world, name, settings=settings_of(dry_run=True))
    ((earnest, reason),) = apply(world, name)

    assert (dry, why) == (earnest, reason)
    assert dry == "FAILED"
    assert world.nft.scripts == []


def test_nothing_is_applied_while_the_configuration_is_broken(world: World) -> None:
    found = apply(world, "port", broken="it is broken")

    assert found == [("FAILED", "it is broken")]


def test_the_agent_cannot_speak_for_an_operator(world: World) -> None:
    with world.executor() as executor:
        (record,) = executor.apply([planned("cut-off", cause=Cause("operator", "me"))])

    assert record.status == "FAILED"
    assert world.nft.gates == {}


def test_a_packet_filter_that_refuses_is_a_recorded_failure_with_its_words(world: World) -> None:
    world.nft.refuses = "Error: Operation not supported\nadd table"

    found = apply(world, "cut-off")

    assert found == [("FAILED", "nft refused: Error: Operation not supported")]
    assert world.nft.gates == {}


def test_an_operator_undoes_what_is_in_effect(world: World) -> None:
    apply(world, "cut-off")

    with world.executor(operator=True) as executor:
        (standing,) = executor.standing()
        record = executor.undo(standing.action_id)

    assert record.status == "UNDONE"
    assert world.nft.gates == {}
    with (
        world.executor(operator=True) as executor,
        pytest.raises(MitigationError, match="no action"),
    ):
        executor.undo(standing.action_id)


def test_an_action_expires_by_itself(world: World) -> None:
    apply(world, "telnet")
    stopped = world.unit_active

    world.uptime_s += 3600
    with world.executor():
        pass

    assert (stopped, world.unit_active) == (False, True)
    assert world.statuses() == {"telnet": "EXPIRED"}


def test_an_action_ends_with_the_boot_that_it_was_begun_in(world: World) -> None:
    apply(world, "cut-off")
    world.nft.expire()
    world.boot, world.uptime_s = "second", 1.0

    with world.executor():
        pass

    (record,) = read_records(world.folder)
    assert (record.status, record.message) == ("EXPIRED", "the device was restarted")


def test_a_quarantine_whose_lease_was_not_renewed_has_ended(world: World) -> None:
    apply(world, "cut-off")
    lease_s = next(iter(world.nft.gates.values()))
    world.nft.expire()

    with world.executor():
        pass

    assert lease_s == settings_of().mitigate.deadman_s
    (record,) = read_records(world.folder)
    assert record.status == "EXPIRED"
    assert "no connection to the broker for 900 s" in record.message


@pytest.mark.parametrize(("connected", "lease_s"), [(True, 900), (False, 5)])
def test_a_lease_is_renewed_while_the_broker_is_there(
    world: World, *, connected: bool, lease_s: int
) -> None:
    apply(world, "cut-off")
    world.nft.gates = dict.fromkeys(world.nft.gates, 5)

    with world.executor() as executor:
        executor.renew(connected=connected)

    assert list(world.nft.gates.values()) == [lease_s]


def test_a_lease_never_outlasts_the_action(world: World) -> None:
    apply(world, "cut-off")
    world.uptime_s += 3500

    with world.executor() as executor:
        executor.renew(connected=True)

    assert list(world.nft.gates.values()) == [100]


def test_a_unit_that_two_actions_stopped_runs_again_when_both_are_over(world: World) -> None:
    apply(world, "telnet", "telnet-too")
    with world.executor(operator=True) as executor:
        first, second = (each.action_id for each in executor.standing())
        executor.undo(first)
        between = world.unit_active
        executor.undo(second)

    assert (between, world.unit_active) == (False, True)


def test_what_a_killed_process_began_is_taken_back_or_finished(world: World) -> None:
    apply(world, "cut-off", "port")
    with open_ledger(world.folder) as ledger:
        for entry in list(ledger.entries.values()):
            ledger.keep(replace(entry, record=replace(entry.record, status="IN_PROGRESS")))
    # One of the two had not reached the kernel.
    world.nft.gates.pop(next(iter(world.nft.gates)))

    with world.executor():
        pass

    assert sorted(world.statuses().values()) == ["FAILED", "SUCCESSFUL"]


def test_gates_that_nobody_knows_of_are_removed(world: World) -> None:
    apply(world, "cut-off")
    (world.folder / "ledger.json").unlink()

    with world.executor():
        pass

    assert world.nft.gates == {}


def test_a_ledger_that_is_damaged_stops_everything_but_the_kernel(world: World) -> None:
    apply(world, "cut-off")
    (world.folder / "ledger.json").write_text("{}")

    with pytest.raises(MitigationError, match="cannot be used: is no ledger"), world.executor():
        pass

    assert len(world.nft.gates) == 1


def test_a_folder_that_others_may_write_is_no_place_for_the_ledger(world: World) -> None:
    world.folder.mkdir()
    world.folder.chmod(0o777)

    with pytest.raises(MitigationError, match="nobody else may write there"), world.executor():
        pass
