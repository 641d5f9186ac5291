"""Violations on a sound disk: recorded once, found again, verified, forgotten in time."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.state.scene import SINKS, START, Clock, drained, opened, steady, step

from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import StateError
from devicewarden.model.violation import Verification
from devicewarden.state import violation_tables
from devicewarden.state.look import change, look
from devicewarden.state.violation_records import Filter, Step, Violation


def verify(folder: Path, violation_id: str, verification: Verification, note: str = "") -> bool:
    return change(
        StateSettings(dir=str(folder)),
        lambda db: violation_tables.verify(db, violation_id, verification, note),
    )


def test_a_violation_is_found_as_its_newest_event_left_it(tmp_path: Path) -> None:
    state = opened(tmp_path)
    later = START + timedelta(minutes=5, milliseconds=7)

    state.violations.record([step()], SINKS)
    state.violations.record([step(kind="alarm-cleared", at=later)], SINKS)

    assert state.violations.find(Filter()) == (
        Violation(
            violation_id="a1",
            profile="edge",
            behavior="few-ports",
            kind="alarm-cleared",
            suppressed=False,
            simulated=False,
            opened_at=START,
            changed_at=later,
            verification="UNKNOWN",
            note="",
        ),
    )


def test_violations_and_their_events_survive_a_restart(tmp_path: Path) -> None:
    state = opened(tmp_path)
    steps = [step(), step(kind="alarm-cleared")]
    state.violations.record(steps, SINKS)
    state.close()

    found = look(StateSettings(dir=str(tmp_path)), lambda db: violation_tables.show(db, "a1"))

    assert found is not None
    assert found[1] == tuple(each.document for each in steps)
    assert drained(opened(tmp_path), "mqtt") == ["a1-in-alarm", "a1-alarm-cleared"]


def test_an_event_that_is_recorded_already_is_not_sent_again(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.violations.record([step()], SINKS)
    drained(state, "mqtt")

    state.violations.record([step(), step(kind="alarm-cleared")], SINKS)

    assert drained(state, "mqtt") == ["a1-alarm-cleared"]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        pytest.param(Filter(), ["new", "quiet", "old"], id="all"),
        pytest.param(Filter(active=True), ["new"], id="in alarm"),
        pytest.param(Filter(profile="other"), ["quiet"], id="profile"),
        pytest.param(Filter(kind="alarm-invalidated"), ["quiet"], id="kind"),
        pytest.param(Filter(since=START - timedelta(days=3)), ["new", "quiet"], id="since"),
        pytest.param(Filter(since=START + timedelta(days=1)), ["new"], id="in alarm since long"),
    ],
)
def test_filters_choose_violations_the_newest_first(
    tmp_path: Path, wanted: Filter, ids: list[str]
) -> None:
    state = opened(tmp_path)
    day = timedelta(days=1)
    state.violations.record(
        [
            step("old", at=START - 9 * day),
            step("old", "alarm-cleared", START - 8 * day),
            step("quiet", at=START - 5 * day, profile="other"),
            step("quiet", "alarm-invalidated", START - 2 * day, profile="other"),
            step("new", at=START),
        ],
        SINKS,
    )

    assert [violation.violation_id for violation in state.violations.find(wanted)] == ids


def test_violations_are_counted(tmp_path: Path) -> None:
    state = opened(tmp_path)

    state.violations.record([step("a"), step("b"), step("b", "alarm-cleared")], SINKS)

    counts = state.violations.counts()
    assert (counts.active, counts.kept) == (1, 2)


@pytest.mark.parametrize(
    "quiet", [step(suppressed=True), step(simulated=True)], ids=["suppressed", "simulated"]
)
def test_of_a_quiet_event_the_log_alone_hears(tmp_path: Path, quiet: Step) -> None:
    state = opened(tmp_path)

    state.violations.record([quiet], SINKS)

    entry = state.outbox.next("log")
    assert entry is not None
    assert entry.quiet
    assert state.outbox.next("mqtt") is None
    assert len(state.violations.find(Filter())) == 1


def test_what_ended_30_days_ago_is_forgotten_and_what_lasts_is_not(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    state.violations.record(
        [step("lasts"), step("ended"), step("ended", "alarm-cleared"), step("ended-late")], ()
    )
    clock.turn(days=2)
    state.violations.record([step("ended-late", "alarm-cleared", clock.now)], ())
    clock.turn(days=29)

    steady(state, clock)
    state.close()

    left = opened(tmp_path, clock).violations.find(Filter())
    assert {violation.violation_id for violation in left} == {"lasts", "ended-late"}
    assert rows(tmp_path, "violation_events") == 3


def test_a_storm_of_violations_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(violation_tables, "MAX_VIOLATIONS", 100)
    state = opened(tmp_path)

    for number in range(600):
        at = START + timedelta(seconds=number)
        name = f"v{number}"
        state.violations.record([step(name, at=at), step(name, "alarm-cleared", at)], ())

    assert state.violations.counts().kept <= 100 + 256
    assert state.violations.find(Filter())[0].violation_id == "v599"


def rows(folder: Path, table: str) -> int:
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  ours
    return int(found[0])


def test_a_verification_reaches_the_running_daemon_once(tmp_path: Path) -> None:
    daemon = opened(tmp_path)
    daemon.violations.record([step()], SINKS)

    assert verify(tmp_path, "a1", "FALSE_POSITIVE", "the new pump")
    (verified,) = daemon.violations.unapplied_verifications()
    daemon.violations.mark_applied(verified)

    assert (verified.behavior, verified.verification) == ("few-ports", "FALSE_POSITIVE")
    assert verified.document == step().document
    assert daemon.violations.unapplied_verifications() == ()
    (violation,) = daemon.violations.find(Filter())
    assert (violation.verification, violation.note) == ("FALSE_POSITIVE", "the new pump")


def test_a_verification_tells_when_the_violation_ended(tmp_path: Path) -> None:
    daemon, end = opened(tmp_path), START + timedelta(hours=2)
    daemon.violations.record([step(), step("b2"), step("b2", "alarm-cleared", end)], SINKS)

    for violation_id in ("a1", "b2"):
        verify(tmp_path, violation_id, "FALSE_POSITIVE")

    told = daemon.violations.unapplied_verifications()
    assert {each.violation_id: each.ended_at for each in told} == {"a1": None, "b2": end}


def test_a_verification_changed_while_it_is_applied_is_applied_again(tmp_path: Path) -> None:
    daemon = opened(tmp_path)
    daemon.violations.record([step()], SINKS)
    verify(tmp_path, "a1", "FALSE_POSITIVE")
    (first,) = daemon.violations.unapplied_verifications()

    verify(tmp_path, "a1", "TRUE_POSITIVE")
    daemon.violations.mark_applied(first)

    (second,) = daemon.violations.unapplied_verifications()
    assert second.verification == "TRUE_POSITIVE"


def test_later_events_keep_what_people_said(tmp_path: Path) -> None:
    daemon = opened(tmp_path)
    daemon.violations.record([step()], SINKS)
    verify(tmp_path, "a1", "BENIGN_POSITIVE")

    daemon.violations.record([step(kind="alarm-cleared")], SINKS)

    assert daemon.violations.find(Filter())[0].verification == "BENIGN_POSITIVE"


def test_an_unknown_violation_is_not_verified(tmp_path: Path) -> None:
    opened(tmp_path).close()

    assert not verify(tmp_path, "a1", "FALSE_POSITIVE")


@pytest.mark.parametrize(
    "note",
    ["x" * 1001, "bell\a", "two\nlines", "\x1b[2J", "\x9b2J", "\udcff"],
    ids=["long", "bell", "newline", "escape", "C1", "surrogate"],
)
def test_a_note_that_aws_would_refuse_is_refused(tmp_path: Path, note: str) -> None:
    state = opened(tmp_path)
    state.violations.record([step()], SINKS)

    with pytest.raises(StateError, match="at most 1000 characters"):
        verify(tmp_path, "a1", "FALSE_POSITIVE", note)

    assert state.violations.find(Filter())[0].verification == "UNKNOWN"


@effort(max_examples=25, deadline=None)
@given(
    violation_id=st.text(st.characters(), min_size=1),
    profile=st.text(st.characters()),
    behavior=st.text(st.characters(), max_size=600),
)
def test_no_name_harms_the_state_file(
    tmp_path_factory: pytest.TempPathFactory, violation_id: str, profile: str, behavior: str
) -> None:
    state = opened(tmp_path_factory.mktemp("state"))

    state.violations.record([step(violation_id, profile=profile, behavior=behavior)], SINKS)

    assert state.problem == ""
    assert state.violations.counts().active == 1
    state.close()
