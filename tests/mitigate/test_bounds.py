"""What goes wrong later is told as it is, and neither ledger nor kernel grows without end."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from tests.mitigate.hosts import NOW, planned, settings_of
from tests.mitigate.world import FACTS, World, apply

from devicewarden.mitigate import spool
from devicewarden.mitigate.executor import AGAIN_S, MAX_STANDING
from devicewarden.mitigate.ledger import MAX_ENDED, open_ledger
from devicewarden.mitigate.plan_form import Apply
from devicewarden.mitigate.record_form import Entry, read_records
from devicewarden.mitigate.session import work_off
from devicewarden.model.action import DEVICE_TYPES, ActionRecord, ActionStatus, Cause, Facts
from devicewarden.model.action_params import Port


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "records")


def test_an_action_that_cannot_be_undone_keeps_nobody_from_the_rest(world: World) -> None:
    apply(world, "telnet", "cut-off")
    world.unit_refuses = True

    with world.executor(operator=True) as executor:
        found = executor.undo_each([each.action_id for each in executor.standing()])

    assert [record.status for record in found] == ["FAILED", "UNDONE"]
    assert "Refused" in found[0].message
    assert world.nft.gates == {}
    assert world.statuses()["telnet"] == "SUCCESSFUL"


def test_what_cannot_be_undone_is_not_tried_again_at_once(world: World) -> None:
    apply(world, "telnet")
    world.unit_refuses = True
    world.uptime_s += 3600

    with world.executor() as executor:
        again_s = executor.next_end_s()

    assert again_s == AGAIN_S
    assert world.statuses() == {"telnet": "SUCCESSFUL"}


def test_what_was_interrupted_and_cannot_be_taken_back_says_so(world: World) -> None:
    allowed = settings_of(allow=DEVICE_TYPES, allow_commands=("/usr/bin/true",))
    assert apply(world, "valve", settings=allowed) == [("SUCCESSFUL", "")]
    _interrupt(world)

    with world.executor(settings_of(allow=DEVICE_TYPES, allow_commands=())):
        pass

    (record,) = read_records(world.folder)
    assert record.status == "FAILED"
    assert record.message.startswith("it was interrupted, and could not be taken back: ")


def test_what_leaves_nothing_to_end_is_forgotten_one_day(world: World) -> None:
    with open_ledger(world.folder) as ledger:
        (kept,) = _ended_records(1, status="SUCCESSFUL")
        for record in _ended_records(MAX_ENDED + 5, status="SUCCESSFUL"):
            ledger.entries[record.action_id] = Entry(record=record)
        ledger.keep(Entry(record=replace(kept, action_id="lasts", expires_at=NOW)))

        assert len(ledger.entries) == MAX_ENDED + 1
        assert "lasts" in ledger.entries


def test_only_so_many_actions_are_in_effect_where_no_person_asks(world: World) -> None:
    causes = [Cause("violation", f"v{number}") for number in range(MAX_STANDING + 1)]
    with world.executor() as executor:
        found = executor.apply([planned("port", cause=each, facts=FACTS) for each in causes])

    assert [record.status for record in found] == ["SUCCESSFUL"] * MAX_STANDING + ["FAILED"]
    assert "in effect already" in found[-1].message
    assert apply(world, "cut-off", operator=True) == [("SUCCESSFUL", "")]


def test_the_ledger_keeps_no_resource_that_a_plan_brought(world: World) -> None:
    facts = Facts(ports=(Port("TCP", 23),), resource={"clientId": "x" * 1000})

    with world.executor() as executor:
        executor.apply([planned("port", facts=facts)])

    assert "clientId" not in (world.folder / "ledger.json").read_text()


def test_who_keeps_root_busy_keeps_nobody_waiting_for_long(world: World, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        why = Cause("violation", name)
        spool.put(tmp_path, name, Apply((planned("port", cause=why, facts=FACTS),)))
    passes = itertools.count(step=40)

    with world.executor() as executor:
        first = work_off(executor, tmp_path, monotonic=lambda: next(passes))
        second = work_off(executor, tmp_path)

    assert [record.cause.id for record in first] == ["a"]
    assert [record.cause.id for record in second] == ["b", "c"]
    assert not spool.pending(tmp_path)


def _ended_records(count: int, *, status: ActionStatus) -> list[ActionRecord]:
    cause = Cause("violation", "v1")
    return [
        ActionRecord(
            action_id=str(number), cause=cause, name="a", type=None, status=status, started_at=NOW
        )
        for number in range(count)
    ]


def _interrupt(world: World) -> None:
    with open_ledger(world.folder) as ledger:
        for entry in list(ledger.entries.values()):
            ledger.keep(replace(entry, record=replace(entry.record, status="IN_PROGRESS")))
