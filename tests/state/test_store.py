"""The store on a sound disk: ids, counts, history."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.state.scene import open_store

from devicewarden.config.settings import StateSettings
from devicewarden.model.outcome import Accepted, Acknowledged, Missed, NoReply, Outcome, Rejected
from devicewarden.state.history import OutcomeCounts, ReportRecord
from devicewarden.state.store import Store

START = datetime(2026, 3, 1, tzinfo=UTC)
START_S = int(START.timestamp())
DURABILITIES = ("full", "wear-saver")


class Clock:
    """A wall clock that tests set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=DURABILITIES)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StateSettings:
    return StateSettings(dir=str(tmp_path / "state"), durability=request.param)


def state_file(settings: StateSettings) -> Path:
    return Path(settings.dir) / "state.db"


def report(store: Store, clock: Clock, outcome: Outcome) -> int:
    report_id = store.next_report_id()
    store.record(report_id, clock.now, outcome, 812)
    clock.turn(300)
    return report_id


def stored_rows(settings: StateSettings) -> int:
    with closing(sqlite3.connect(state_file(settings))) as connection:
        rows: tuple[int] = connection.execute("SELECT count(*) FROM reports").fetchone()
    return rows[0]


def test_ids_are_epoch_seconds(settings: StateSettings, clock: Clock) -> None:
    store = open_store(settings, clock)

    ids = [report(store, clock, Accepted()) for _ in range(9)]

    assert ids == [START_S + 300 * n for n in range(9)]


def test_ids_asked_for_in_the_same_second_differ(settings: StateSettings, clock: Clock) -> None:
    store = open_store(settings, clock)

    ids = [store.next_report_id() for _ in range(9)]

    assert ids == list(range(START_S, START_S + 9))


@effort(max_examples=25, deadline=None)
@given(turns=st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=12), data=st.data())
@pytest.mark.parametrize("durability", DURABILITIES)
def test_ids_increase_over_restarts_whatever_the_clock_does(
    tmp_path_factory: pytest.TempPathFactory, durability: str, turns: list[int], data: st.DataObject
) -> None:
    clock = Clock()
    folder = tmp_path_factory.mktemp("state")
    settings = StateSettings(dir=str(folder), durability=durability)  # type: ignore[arg-type]  # one of two
    store, lost, ids = open_store(settings, clock), [], []

    for turn in turns:
        clock.turn(turn)
        ids.append(store.next_report_id())
        match data.draw(st.sampled_from(("go on", "restart", "die"))):
            case "restart":
                store.close()
                store = open_store(settings, clock)
            case "die":
                lost.append(store)
                store = open_store(settings, clock)

    assert all(before < after for before, after in pairwise(ids))
    for left in (*lost, store):
        left.close()


def test_ids_follow_the_clock_again_after_a_clean_restart(
    settings: StateSettings, clock: Clock
) -> None:
    first = open_store(settings, clock)
    first.next_report_id()
    first.close()
    clock.turn(10)

    report_id = open_store(settings, clock).next_report_id()

    assert report_id == START_S + 10


def test_an_id_before_the_epoch_is_positive(settings: StateSettings, clock: Clock) -> None:
    clock.now = datetime(1969, 12, 31, tzinfo=UTC)

    ids = [open_store(settings, clock).next_report_id() for _ in range(2)]

    assert 0 < ids[0] < ids[1]


@pytest.mark.parametrize("stored", [2**52, 2**53 - 1, 2**53, 2**63 - 1, -1])
def test_an_impossible_stored_id_poisons_nothing(
    settings: StateSettings, clock: Clock, stored: int
) -> None:
    open_store(settings, clock).close()
    with closing(sqlite3.connect(state_file(settings), isolation_level=None)) as connection:
        connection.execute("UPDATE head SET last_report_id = ?", (stored,))

    store = open_store(settings, clock)
    ids = [store.next_report_id() for _ in range(3)]

    assert ids == [START_S, START_S + 1, START_S + 2]


def test_a_durable_id_is_on_disk_before_it_is_returned(tmp_path: Path, clock: Clock) -> None:
    settings = StateSettings(dir=str(tmp_path))
    report_id = open_store(settings, clock).next_report_id()

    with closing(sqlite3.connect(state_file(settings))) as other:
        stored = other.execute("SELECT last_report_id FROM head").fetchone()

    assert stored == (report_id,)


@pytest.mark.parametrize(("durability", "writes"), [("full", 40), ("wear-saver", 10)])
def test_a_report_costs_one_transaction_and_a_quarter_of_one_to_save_wear(
    tmp_path: Path, clock: Clock, durability: str, writes: int
) -> None:
    settings = StateSettings(dir=str(tmp_path), durability=durability)  # type: ignore[arg-type]  # one of two
    store = open_store(settings, clock)
    with closing(sqlite3.connect(state_file(settings))) as other:
        versions = set()
        for _ in range(40):
            report(store, clock, Accepted())
            versions.add(other.execute("PRAGMA data_version").fetchone())

    assert len(versions) == writes
    store.close()


def test_a_day_of_reports_hands_the_kernel_less_than_a_megabyte(
    tmp_path: Path, clock: Clock
) -> None:
    store = open_store(StateSettings(dir=str(tmp_path)), clock)
    before = written_bytes()

    for _ in range(288):
        report(store, clock, Accepted())

    assert written_bytes() - before < 2**20
    store.close()


def written_bytes() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


def test_counts_and_the_last_report_survive_a_restart(
    settings: StateSettings, clock: Clock
) -> None:
    outcomes = (Accepted(), Acknowledged(), Rejected("c", "r"), NoReply(10), Missed("m"))
    store = open_store(settings, clock)
    ids = [report(store, clock, outcome) for outcome in (*outcomes, Missed("again"))]
    store.close()

    restarted = open_store(settings, clock)

    assert restarted.counts() == OutcomeCounts(
        accepted=1, acknowledged=1, rejected=1, no_reply=1, missed=2
    )
    assert restarted.last_report() == ReportRecord(
        report_id=ids[-1],
        ended_at=START + timedelta(seconds=1500),
        outcome=Missed("again"),
        size_bytes=812,
    )


def test_a_record_counts_at_once(settings: StateSettings, clock: Clock) -> None:
    store = open_store(settings, clock)

    store.record(store.next_report_id(), clock.now, Accepted(), 812)

    assert store.counts() == OutcomeCounts(accepted=1)
    assert store.last_report() is not None


def test_flush_writes_what_waits(settings: StateSettings, clock: Clock) -> None:
    store = open_store(settings, clock)
    report(store, clock, Accepted())

    store.flush()

    assert stored_rows(settings) == 1
    assert store.counts() == OutcomeCounts(accepted=1)


def test_a_new_store_knows_no_report(settings: StateSettings, clock: Clock) -> None:
    store = open_store(settings, clock)

    assert (store.counts(), store.last_report(), store.problem) == (OutcomeCounts(), None, "")


def test_two_stores_on_one_file_never_give_the_same_id(
    settings: StateSettings, clock: Clock
) -> None:
    daemon, once = open_store(settings, clock), open_store(settings, clock)

    ids = [store.next_report_id() for _ in range(6) for store in (daemon, once, daemon)]

    assert all(before < after for before, after in pairwise(ids))


def test_two_stores_on_one_file_count_together(settings: StateSettings, clock: Clock) -> None:
    daemon, once = open_store(settings, clock), open_store(settings, clock)
    report(daemon, clock, Accepted())
    report(once, clock, Missed("m"))
    once.close()
    daemon.close()

    counts = open_store(settings, clock).counts()

    assert counts == OutcomeCounts(accepted=1, missed=1)
