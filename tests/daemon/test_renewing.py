"""A finding on the device's own certificate has it rotated, once, where an order says so."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.audits import audit, found
from tests.state.scene import SINKS, START, opened

from devicewarden.config.mitigate_settings import MitigateSettings
from devicewarden.config.settings import PublishSettings, Settings, StateSettings
from devicewarden.daemon.around import Around
from devicewarden.daemon.renewing import AGAIN_S, Renewing, Still
from devicewarden.model.finding import Resource
from devicewarden.report.findings import finding_document
from devicewarden.state import finding_tables
from devicewarden.state.finding_records import Writers
from devicewarden.state.job_memory import JobEnd
from devicewarden.state.own import transact
from devicewarden.state.state import State

OURS = "4f" * 32
WRITERS = Writers(
    finding=lambda whole, each: json.dumps(finding_document(whole, each)),
    event=lambda document, _kind, _at: document,
    completed=lambda _audit: "{}",
)
ACTIONS = [
    {"actionName": "renew", "actionParams": {"rotateCertificateParams": {}}},
    {
        "taskId": "t",
        "target": {},
        "auditCheckToActionsMapping": {"DEVICE_CERTIFICATE_EXPIRING_CHECK": ["renew"]},
    },
]


class Device:
    """A daemon's rotation, on paper, and what is around it."""

    def __init__(self, folder: Path, state: State) -> None:
        self.folder = folder
        self.state = state
        self.connected = True
        self.monotonic_s = 1000.0
        self.rotated: list[str] = []
        self.end = JobEnd("SUCCEEDED", {"newCertificateId": "1" * 64})
        mitigate = MitigateSettings(
            enabled=True, dry_run=False, dir=str(folder), allow=("ROTATE_CERTIFICATE",)
        )
        self.settings = Settings(mitigate=mitigate, publish=PublishSettings(endpoint="192.0.2.2"))
        (folder / "a.json").write_text(json.dumps(ACTIONS))
        self.renewing = self.started()

    def started(self) -> Renewing:
        around = Around(
            settings=lambda: self.settings,
            sinks=lambda: SINKS,
            connected=lambda: self.connected,
            woken=lambda: None,
            trouble={},
            now=lambda: START,
            monotonic=lambda: self.monotonic_s,
        )
        return Renewing(self.state.actions, around, self)

    async def rotate(
        self, *, job_id: str = "", certificate_id: str = "", still_wanted: Still
    ) -> JobEnd:
        assert not job_id
        assert await still_wanted()
        self.rotated.append(certificate_id)
        return self.end

    def change(self, **changed: Any) -> None:
        self.settings = replace(self.settings, mitigate=replace(self.settings.mitigate, **changed))

    def find(self, **changed: Any) -> None:
        whole = audit(found(**changed))
        transact(
            StateSettings(dir=str(self.folder)),
            lambda db: finding_tables.record(db, whole, ("mqtt",), WRITERS),
        )

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            asyncio.run(self.renewing.look())

    def told(self) -> list[tuple[str, str]]:
        documents = []
        while entry := self.state.outbox.next("mqtt"):
            documents += [json.loads(entry.payload)] if entry.kind == "action" else []
            self.state.outbox.done(entry)
        return [(each["status"], each.get("message", "")) for each in documents]


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    state = opened(tmp_path)
    yield Device(tmp_path, state)
    state.close()


def test_a_finding_has_the_certificate_rotated_once_and_told(device: Device) -> None:
    device.find()

    device.look(times=3)
    device.renewing = device.started()
    device.look()

    assert device.rotated == [OURS]
    assert device.told() == [("SUCCESSFUL", "")]


def test_nothing_is_rotated_without_a_finding(device: Device) -> None:
    device.look()

    assert device.rotated == []


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"suppressed": True}, id="suppressed"),
        pytest.param({"check": "device-certificate-age"}, id="another-check"),
        pytest.param(
            {"resource": Resource(type="DEVICE_CERTIFICATE", identifier={}, info={})},
            id="of-no-certificate",
        ),
    ],
)
def test_a_finding_that_no_order_is_for_changes_nothing(
    device: Device, changed: dict[str, Any]
) -> None:
    device.find(**changed)

    device.look()

    assert (device.rotated, device.told()) == ([], [])


def test_nothing_is_done_before_mitigation_is_enabled(device: Device) -> None:
    device.find()
    device.change(enabled=False)

    device.look()

    assert (device.rotated, device.told()) == ([], [])


def test_a_dry_run_rotates_nothing_and_does_not_stand_in_for_what_follows(device: Device) -> None:
    device.find()
    device.change(dry_run=True)
    device.look(times=2)
    dry = device.rotated.copy(), device.told()

    device.change(dry_run=False)
    device.look()

    assert dry == ([], [])
    assert device.rotated == [OURS]


def test_a_type_that_is_not_allowed_is_refused_and_told_once(device: Device) -> None:
    device.find()
    device.change(allow=())

    device.look(times=2)

    assert device.rotated == []
    assert device.told() == [("FAILED", "ROTATE_CERTIFICATE is not in mitigate.allow")]


def test_it_waits_for_the_broker(device: Device) -> None:
    device.find()
    device.connected = False
    device.look()
    away = device.rotated.copy()

    device.connected = True
    device.look()

    assert (away, device.rotated) == ([], [OURS])


def test_what_failed_is_tried_again_after_a_day_and_not_before(device: Device) -> None:
    device.find()
    device.end = JobEnd("FAILED", {"reason": "throttled"})
    device.look(times=3)
    first = device.rotated.copy(), device.told()

    device.monotonic_s += AGAIN_S
    device.end = JobEnd("SUCCEEDED", {})
    device.look(times=2)

    assert first == ([OURS], [("FAILED", "throttled")])
    assert device.rotated == [OURS, OURS]
    assert device.told() == [("SUCCESSFUL", "")]


def test_a_certificate_that_is_no_longer_in_force_is_left_alone(device: Device) -> None:
    device.find()
    device.end = JobEnd("REJECTED", {"reason": "certificateId names another certificate"})

    device.look(times=2)

    assert device.rotated == [OURS]
    assert device.told() == [("SKIPPED", "certificateId names another certificate")]


def test_broken_documents_rotate_nothing(device: Device) -> None:
    device.find()
    (device.folder / "b.json").write_text("{")

    device.look()

    assert (device.rotated, device.told()) == ([], [])
