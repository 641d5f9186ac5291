"""Findings over nights: one id, told once per change of state, forgotten in time."""

import json
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.audits import CERTIFICATE, STARTED, audit, found, run
from tests.state.scene import SINKS, opened

from devicewarden.config.settings import StateSettings
from devicewarden.model.audit import Audit, AuditFinding, FindingEvent
from devicewarden.model.errors import StateError
from devicewarden.model.finding import Resource
from devicewarden.state import finding_changes, finding_tables
from devicewarden.state.finding_records import FindingFilter, KeptFinding, Recorded, Writers
from devicewarden.state.look import look
from devicewarden.state.outbox import Entry
from devicewarden.state.own import transact


def written(_audit: Audit, each: AuditFinding) -> str:
    return json.dumps({"findingId": each.finding_id, "code": each.finding.code})


def event(document: str, kind: FindingEvent, _at: datetime) -> str:
    return json.dumps({**json.loads(document), "kind": kind})


WRITERS = Writers(finding=written, event=event, completed=lambda each: each.task_id)


def record(folder: Path, new: Audit) -> Recorded:
    return transact(
        StateSettings(dir=str(folder)),
        lambda db: finding_tables.record(db, new, SINKS, WRITERS),
    )


def told(folder: Path, sink: str = "mqtt") -> list[Entry]:
    """Take all findings out of a sink's queue."""
    entries = []
    with closing(opened(folder)) as state:
        while entry := state.outbox.next(sink):
            state.outbox.done(entry)
            entries += [entry] if entry.kind == "finding" else []
    return entries


def kinds(folder: Path, sink: str = "mqtt") -> list[str]:
    return [json.loads(entry.payload)["kind"] for entry in told(folder, sink)]


def kept(folder: Path, **wanted: Any) -> tuple[KeptFinding, ...]:
    return look(
        StateSettings(dir=str(folder)),
        lambda db: finding_tables.find(db, FindingFilter(**wanted)),
    )


EXPIRED = found(code="CERTIFICATE_PAST_EXPIRATION", reason="expired yesterday")


def test_a_finding_keeps_its_id_over_nights_and_is_told_once(tmp_path: Path) -> None:
    nights = [
        record(tmp_path, audit(found(reason=f"expires in {30 - night} days"), night=night))
        for night in range(3)
    ]

    ids = {night.audit.findings[0].finding_id for night in nights}
    assert len(ids) == 1
    assert [night.opened for night in nights] == [1, 0, 0]
    assert [json.loads(each.payload) for each in told(tmp_path)] == [
        {"findingId": ids.pop(), "code": found().finding.code, "kind": "finding-opened"}
    ]


def test_a_finding_that_is_gone_is_resolved_and_comes_again_under_a_new_id(tmp_path: Path) -> None:
    first = record(tmp_path, audit(found())).audit.findings[0]

    gone = record(tmp_path, audit(night=1))
    again = record(tmp_path, audit(found(), night=2)).audit.findings[0]

    assert gone.resolved == 1
    assert kinds(tmp_path) == ["finding-opened", "finding-resolved", "finding-opened"]
    assert first.finding_id != again.finding_id
    assert [each.finding_id for each in kept(tmp_path)] == [again.finding_id]
    assert len(kept(tmp_path, closed=True)) == 2


def test_a_certificate_that_was_about_to_expire_and_did_is_one_finding_that_changed(
    tmp_path: Path,
) -> None:
    first = record(tmp_path, audit(found())).audit.findings[0]

    second = record(tmp_path, audit(EXPIRED, night=1))
    third = record(tmp_path, audit(EXPIRED, night=2))

    assert (second.changed, second.resolved, third.changed) == (1, 0, 0)
    assert {night.audit.findings[0].finding_id for night in (second, third)} == {first.finding_id}
    entries = told(tmp_path)
    assert [entry.event_id for entry in entries] == [
        f"{first.finding_id}-1",
        f"{first.finding_id}-2",
    ]


@pytest.mark.parametrize(
    ("before", "after", "sink", "expected"),
    [
        pytest.param(False, True, "mqtt", ["finding-opened", "finding-changed"], id="from now on"),
        pytest.param(True, True, "mqtt", [], id="always"),
        pytest.param(True, True, "log", ["finding-opened"], id="the log hears all"),
        pytest.param(True, False, "mqtt", ["finding-changed"], id="no longer"),
    ],
)
def test_of_suppressed_findings_the_log_alone_hears(
    tmp_path: Path, sink: str, expected: list[str], *, before: bool, after: bool
) -> None:
    record(tmp_path, audit(found(suppressed=before)))
    record(tmp_path, audit(found(suppressed=after), night=1))

    assert kinds(tmp_path, sink) == expected


def test_what_an_undecided_check_does_not_find_again_stays(tmp_path: Path) -> None:
    record(tmp_path, audit(found()))

    second = record(tmp_path, audit(night=1, runs=[run(status="FAILED")]))

    assert second.resolved == 0
    assert len(kept(tmp_path)) == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(audit(night=1, runs=[run("logging-disabled")]), id="another check"),
        pytest.param(audit(night=1, scope="123456789012"), id="another scope"),
    ],
)
def test_an_audit_resolves_what_it_looked_at_alone(tmp_path: Path, other: Audit) -> None:
    record(tmp_path, audit(found()))

    assert record(tmp_path, other).resolved == 0


def test_every_audit_is_told_once_on_its_own_topic(tmp_path: Path) -> None:
    record(tmp_path, audit(found()))

    with closing(opened(tmp_path)) as state:
        entries = []
        while entry := state.outbox.next("mqtt"):
            entries.append((entry.kind, entry.payload))
            state.outbox.done(entry)
    assert [kind for kind, _ in entries] == ["finding", "audit"]
    assert entries[1] == ("audit", b"c0ffee00")


def test_when_a_schedule_last_ran_is_known_by_scope_and_name(tmp_path: Path) -> None:
    for night in (0, 3, 1):
        record(tmp_path, audit(night=night))

    def last(scope: str, schedule: str) -> datetime | None:
        settings = StateSettings(dir=str(tmp_path))
        return transact(settings, lambda db: finding_tables.last_audit(db, scope, schedule))

    assert last("device", "nightly") == STARTED + timedelta(days=3)
    assert last("device", "weekly") is None
    assert last("123456789012", "nightly") is None


def test_history_is_kept_for_90_days(tmp_path: Path) -> None:
    other = found(resource=Resource(type="HOST", identifier={"host": "b"}))
    record(tmp_path, audit(found(), other))
    record(tmp_path, audit(other, night=1))

    record(tmp_path, audit(other, night=91))
    before = len(kept(tmp_path, closed=True))
    record(tmp_path, audit(other, night=92))

    assert before == 2
    assert [each.check for each in kept(tmp_path, closed=True)] == [other.finding.check]


def test_findings_are_looked_up_the_gravest_first(tmp_path: Path) -> None:
    findings = [
        found(severity=severity, check=f"check-{severity.lower()}")
        for severity in ("LOW", "CRITICAL", "HIGH")
    ]
    record(tmp_path, audit(*findings))

    assert [each.severity for each in kept(tmp_path)] == ["CRITICAL", "HIGH", "LOW"]
    assert [each.severity for each in kept(tmp_path, least="HIGH")] == ["CRITICAL", "HIGH"]
    assert [each.check for each in kept(tmp_path, check="check-low")] == ["check-low"]
    assert json.loads(kept(tmp_path)[0].resource) == CERTIFICATE.identifier


def test_more_than_there_is_room_for_is_counted_and_never_taken_for_resolved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding_changes, "MAX_FINDINGS", 3)
    monkeypatch.setattr(finding_tables, "MAX_TOLD", 2)
    hosts = [found(resource=Resource(type="HOST", identifier={"host": str(n)})) for n in range(5)]

    first = record(tmp_path, audit(*hosts))
    second = record(tmp_path, audit(*reversed(hosts), night=1))

    assert (first.opened, first.unkept, first.untold) == (3, 2, 1)
    assert (second.opened, second.resolved, second.unkept) == (0, 0, 2)
    assert len(second.audit.findings) == 5


@effort(deadline=None, max_examples=25)
@given(nights=st.lists(st.sets(st.integers(0, 3)), min_size=1, max_size=6))
def test_people_hear_of_each_change_once(
    tmp_path_factory: pytest.TempPathFactory, nights: list[set[int]]
) -> None:
    folder = tmp_path_factory.mktemp("state")
    for night, hosts in enumerate(nights):
        resources = [Resource(type="HOST", identifier={"host": str(n)}) for n in hosts]
        record(folder, audit(*[found(resource=each) for each in resources], night=night))

    pairs = list(zip([set(), *nights], nights, strict=False))
    entries = told(folder)
    heard = [json.loads(entry.payload)["kind"] for entry in entries]
    assert heard.count("finding-opened") == sum(len(now - before) for before, now in pairs)
    assert heard.count("finding-resolved") == sum(len(before - now) for before, now in pairs)
    assert len({entry.event_id for entry in entries}) == len(entries)
    assert len(kept(folder)) == len(nights[-1])


def test_a_damaged_file_is_told_and_left_to_the_daemon(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"no database" * 100)

    with pytest.raises(StateError, match="damaged"):
        record(tmp_path, audit(found()))

    assert (tmp_path / "state.db").exists()
