"""A job about an action ends as root's records tell, and root is another process on paper."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.daemon.paper_time import PaperLoop, run_on_paper
from tests.state.scene import START

from devicewarden.config.mitigate_settings import LEDGER, MitigateSettings
from devicewarden.config.settings import Settings, StateSettings
from devicewarden.daemon.action_jobs import ActionJobs
from devicewarden.daemon.around import Around
from devicewarden.mitigate import spool
from devicewarden.mitigate.plan_form import Apply, Undo
from devicewarden.mitigate.record_form import Entry, write_ledger
from devicewarden.model.action import ActionRecord, ActionStatus, Cause, PlannedAction, action_id
from devicewarden.model.errors import MitigationError
from devicewarden.state.job_memory import JobEnd

CAUSE = Cause("job", "j1")
ID = action_id(CAUSE, "cut-off", dry_run=False)
STANDS = ActionRecord(
    action_id=ID,
    cause=CAUSE,
    name="cut-off",
    type="QUARANTINE",
    status="SUCCESSFUL",
    description="cuts it off",
    started_at=START,
    ended_at=START,
    expires_at=START + timedelta(hours=1),
)


class Device:
    """The daemon's side, with a root that does what a test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trouble = ""
        settings = Settings(
            mitigate=MitigateSettings(enabled=True, dry_run=False, records_dir=str(folder)),
            state=StateSettings(dir=str(folder)),
        )
        around = Around(
            settings=lambda: settings,
            sinks=lambda: (),
            connected=lambda: True,
            woken=lambda: None,
            trouble={},
            now=lambda: START,
        )
        self.jobs = ActionJobs(around, self.plan)

    def plan(self, name: str, job_id: str) -> str:
        if not self.trouble:
            cause = Cause("job", job_id)
            planned = PlannedAction(
                action_id=action_id(cause, name, dry_run=False),
                cause=cause,
                name=name,
                dry_run=False,
                planned_at=START,
            )
            spool.put(self.folder, f"job-{planned.action_id}", Apply((planned,)))
        return self.trouble

    def write(self, *records: ActionRecord) -> None:
        content = write_ledger([Entry(record=each) for each in records], ())
        (self.folder / LEDGER).write_bytes(content)

    def answer(self, *records: ActionRecord) -> list[object]:
        """Do as root does: write what became of it, and take the request away."""
        self.write(*records)
        return [each.request for each in spool.take(self.folder)]

    def apply(self, root: Callable[[], object] | None = None) -> JobEnd:
        return self._while_root(lambda: self.jobs.apply("cut-off", "j1"), root)

    def undo(self, root: Callable[[], object] | None = None) -> JobEnd:
        return self._while_root(lambda: self.jobs.undo("cut-off"), root)

    def _while_root(self, do: Callable[[], object], root: Callable[[], object] | None) -> JobEnd:
        async def main(loop: PaperLoop) -> JobEnd:
            if root is not None:
                loop.call_later(5, root)
            coroutine = do()
            assert asyncio.iscoroutine(coroutine)
            end = await coroutine
            assert isinstance(end, JobEnd)
            return end

        return run_on_paper(main)

    def asked(self) -> bool:
        return spool.pending(self.folder)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def as_it(status: ActionStatus, message: str = "") -> ActionRecord:
    return replace(STANDS, status=status, message=message, expires_at=None)


def test_applying_succeeds_when_it_is_in_effect(device: Device) -> None:
    end = device.apply(lambda: device.answer(STANDS))

    assert end == JobEnd("SUCCEEDED", {"actionId": ID, "did": "cuts it off"})


@pytest.mark.parametrize(
    ("record", "why"),
    [
        pytest.param(as_it("FAILED", "nft is missing"), "nft is missing", id="failed"),
        pytest.param(as_it("SKIPPED", "dry run"), "dry run", id="dry-run"),
    ],
)
def test_what_is_not_in_effect_has_failed_and_says_why(
    device: Device, record: ActionRecord, why: str
) -> None:
    end = device.apply(lambda: device.answer(record))

    assert end == JobEnd("FAILED", {"reason": f"{why}: cuts it off"})


def test_an_action_under_way_is_waited_for(device: Device) -> None:
    device.write(replace(STANDS, status="IN_PROGRESS", ended_at=None))

    end = device.apply(lambda: device.answer(STANDS))

    assert end.status == "SUCCEEDED"


def test_what_nobody_plans_is_told_at_once(device: Device) -> None:
    device.trouble = "no action cut-off is configured"

    assert device.apply() == JobEnd("FAILED", {"reason": device.trouble})


@pytest.mark.parametrize("undo", [False, True], ids=["apply", "undo"])
def test_a_job_that_root_does_not_answer_fails_and_is_not_done_later(
    device: Device, *, undo: bool
) -> None:
    if undo:
        device.write(STANDS)

    end = device.undo() if undo else device.apply()

    assert end.status == "FAILED"
    assert "root did not answer" in end.details["reason"]
    assert not device.asked()


def test_undoing_asks_root_and_succeeds_when_it_is_gone(device: Device) -> None:
    device.write(STANDS)
    asked: list[object] = []

    end = device.undo(lambda: asked.extend(device.answer(as_it("UNDONE"))))

    assert end == JobEnd("SUCCEEDED", {"undone": "1"})
    assert asked == [Undo(ID)]


def test_an_undo_that_root_cannot_do_fails_with_its_reason(device: Device) -> None:
    device.write(STANDS)

    end = device.undo(lambda: device.answer(replace(STANDS, message="nft refused")))

    assert end == JobEnd("FAILED", {"reason": "nft refused"})


def test_undoing_twice_equals_once(device: Device) -> None:
    device.write(as_it("UNDONE"))

    assert device.undo() == JobEnd("SUCCEEDED", {"undone": "0"})
    assert not device.asked()


def test_undoing_what_was_never_applied_fails(device: Device) -> None:
    device.write(replace(STANDS, name="another"))

    end = device.undo()

    assert end == JobEnd("FAILED", {"reason": "no action cut-off was ever applied here"})


def test_records_that_are_none_fail_the_job(device: Device) -> None:
    (device.folder / LEDGER).write_text(json.dumps([]))

    with pytest.raises(MitigationError, match="what root wrote"):
        device.undo()
