"""The daemon chooses, asks root, and tells what became of it; it never acts itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from devicewarden.config.mitigate_settings import LEDGER, MitigateSettings
from devicewarden.config.settings import PublishSettings, Settings, StateSettings
from devicewarden.daemon.around import Around
from devicewarden.daemon.mitigating import Mitigation
from devicewarden.mitigate import spool
from devicewarden.mitigate.plan_form import Apply, Renew, Request
from devicewarden.mitigate.record_form import Entry, write_ledger
from devicewarden.model.action import ActionRecord, ActionStatus, ActionType, Cause
from devicewarden.state.action_tables import NewCause
from devicewarden.state.state import State, open_state
from devicewarden.state.violation_records import Step

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACTIONS = [
    {"actionName": "cut-off", "actionParams": {"quarantineParams": {}}},
    {"taskId": "t", "target": {"securityProfileName": "p"}, "actions": ["cut-off"]},
]


class Device:
    """A daemon's mitigation, and what is around it."""

    def __init__(self, folder: Path, state: State) -> None:
        self.folder = folder
        self.state = state
        self.connected = True
        self.monotonic_s = 1000.0
        self.trouble: dict[str, str] = {}
        self.settings = Settings(
            mitigate=MitigateSettings(
                enabled=True,
                dry_run=False,
                dir=str(folder / "actions"),
                records_dir=str(folder / "records"),
            ),
            state=StateSettings(dir=str(folder)),
            publish=PublishSettings(endpoint="192.0.2.2"),
        )
        self.write_actions(ACTIONS)
        (folder / "records").mkdir()
        around = Around(
            settings=lambda: self.settings,
            sinks=lambda: ("log", "mqtt"),
            connected=lambda: self.connected,
            woken=lambda: None,
            trouble=self.trouble,
            now=lambda: NOW,
            monotonic=lambda: self.monotonic_s,
        )
        self.mitigation = Mitigation(state, around)

    def write_actions(self, documents: object) -> None:
        (self.folder / "actions").mkdir(exist_ok=True)
        (self.folder / "actions" / "a.json").write_text(json.dumps(documents))

    def change(self, **changed: Any) -> None:
        self.settings = replace(self.settings, mitigate=replace(self.settings.mitigate, **changed))

    def violate(self, **changed: Any) -> None:
        document = {
            "violationId": "v1",
            "securityProfileName": "p",
            "behavior": {"name": "b", "metric": "aws:listening-tcp-ports"},
            "context": {"offending": [23]},
        }
        step = Step(
            violation_id="v1",
            profile="p",
            behavior="b",
            kind="in-alarm",
            at=NOW,
            suppressed=False,
            simulated=False,
            document=json.dumps(document),
        )
        self.state.violations.record([replace(step, **changed)], ["log"])

    def look(self) -> None:
        self.mitigation.look()

    def asked(self) -> list[Request | None]:
        return [found.request for found in spool.take(self.folder)]

    def record(self, status: ActionStatus, *, kind: ActionType = "QUARANTINE") -> None:
        record = ActionRecord(
            action_id="a" * 32,
            cause=Cause("violation", "v1"),
            name="cut-off",
            type=kind,
            status=status,
            started_at=NOW,
            ended_at=NOW,
            expires_at=NOW + timedelta(hours=1),
        )
        content = write_ledger([Entry(record=record)], ())
        (self.folder / "records" / LEDGER).write_bytes(content)

    def told(self) -> list[str]:
        found = []
        while entry := self.state.outbox.next("mqtt"):
            found += [json.loads(entry.payload)["status"]] if entry.kind == "action" else []
            self.state.outbox.done(entry)
        return found


@contextmanager
def opened(folder: Path) -> Iterator[Device]:
    state = open_state(StateSettings(dir=str(folder)), lambda: NOW)
    try:
        yield Device(folder, state)
    finally:
        state.close()


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    with opened(tmp_path) as device:
        yield device


def test_root_is_asked_once_for_each_violation(device: Device) -> None:
    device.violate()

    device.look()
    first = device.asked()
    device.look()

    (request,) = first
    assert isinstance(request, Apply)
    assert [each.name for each in request.actions] == ["cut-off"]
    assert device.asked() == []


def test_a_plan_that_cannot_be_read_holds_up_no_other(device: Device) -> None:
    damaged = NewCause("violation", "v0", {})
    device.state.actions.think_of([(damaged, '{"apply": [')], dry_run=False)
    device.violate()

    device.look()

    (request,) = device.asked()
    assert isinstance(request, Apply)
    assert device.state.actions.unasked() == ()


@pytest.mark.parametrize("quiet", ["suppressed", "simulated"])
def test_nothing_is_done_about_what_nobody_is_told_of(device: Device, quiet: str) -> None:
    device.violate(**{quiet: True})

    device.look()

    assert device.asked() == []


def test_nothing_is_done_unless_it_is_turned_on(device: Device) -> None:
    device.change(enabled=False)
    device.violate()

    device.look()

    assert device.asked() == []


def test_after_a_dry_run_it_is_done_for_good(device: Device) -> None:
    device.change(dry_run=True)
    device.violate()
    device.look()
    dry = device.asked()

    device.change(dry_run=False)
    device.look()
    wet = device.asked()

    found = [each for each in (*dry, *wet) if isinstance(each, Apply)]
    assert [each.actions[0].dry_run for each in found] == [True, False]


def test_a_plan_that_could_not_be_handed_over_is_handed_over_later(device: Device) -> None:
    device.violate()
    (device.folder / spool.FOLDER).write_text("in the way")
    device.look()
    (device.folder / spool.FOLDER).unlink()

    device.look()

    assert len(device.asked()) == 1


def test_broken_documents_are_trouble_and_order_nothing(device: Device) -> None:
    device.write_actions([{"actionName": "x"}])
    device.violate()

    device.look()

    assert "mitigation documents are wrong" in device.trouble["mitigation"]
    assert device.asked() == []


def test_documents_put_right_take_the_trouble_back(device: Device) -> None:
    device.write_actions([{"actionName": "x"}])
    device.violate()
    device.look()

    device.write_actions(ACTIONS)
    device.change(deadman_s=60)
    device.look()

    assert device.trouble == {}
    assert len(device.asked()) == 1


def test_each_status_is_told_once(device: Device) -> None:
    for status in ("SUCCESSFUL", "SUCCESSFUL", "EXPIRED"):
        device.record(status)
        device.look()

    assert device.told() == ["SUCCESSFUL", "EXPIRED"]


def test_what_was_told_is_not_told_again_after_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path) as device:
        device.record("SUCCESSFUL")
        device.look()
        first = device.told()
    (tmp_path / "records" / LEDGER).rename(tmp_path / LEDGER)
    (tmp_path / "records").rmdir()

    with opened(tmp_path) as device:
        (tmp_path / LEDGER).rename(tmp_path / "records" / LEDGER)
        device.look()
        second = device.told()

    assert (first, second) == (["SUCCESSFUL"], [])


def test_a_damaged_ledger_is_no_end_of_the_agent(device: Device) -> None:
    (device.folder / "records" / LEDGER).write_text("{}")

    device.look()

    assert device.told() == []


@pytest.mark.parametrize("connected", [True, False])
def test_a_quarantine_has_its_lease_renewed_by_whoever_has_a_broker(
    device: Device, *, connected: bool
) -> None:
    device.connected = connected
    device.record("SUCCESSFUL")

    device.look()
    first = device.asked()
    device.look()
    at_once = device.asked()
    device.monotonic_s += 61
    device.look()

    assert (first, at_once) == ([Renew(connected)], [])
    assert device.asked() == [Renew(connected)]


def test_a_job_has_a_configured_action_applied(device: Device) -> None:
    assert device.mitigation.plan_for_job("cut-off", "job-1") == ""
    (request,) = device.asked()

    assert isinstance(request, Apply)
    assert request.actions[0].cause == Cause("job", "job-1")


def test_a_job_that_asks_for_more_is_told_why_not(device: Device) -> None:
    unknown = device.mitigation.plan_for_job("other", "job-1")
    device.change(enabled=False)
    off = device.mitigation.plan_for_job("cut-off", "job-1")

    assert (unknown, off) == ("no action other is configured", "mitigate.enabled is false")
    assert device.asked() == []


def test_root_is_asked_once_after_a_start_what_is_still_in_effect(device: Device) -> None:
    device.settings = replace(device.settings, publish=PublishSettings())
    device.record("SUCCESSFUL", kind="BLOCK_PORT")

    device.look()
    first = device.asked()
    device.monotonic_s += 3600
    device.look()

    assert first == [Renew(connected=True)]
    assert device.asked() == []


def test_what_came_into_effect_since_the_start_is_asked_about_by_nobody(device: Device) -> None:
    device.settings = replace(device.settings, publish=PublishSettings())
    device.look()

    device.record("SUCCESSFUL", kind="BLOCK_PORT")
    device.look()

    assert device.asked() == []
