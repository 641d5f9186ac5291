"""The outbox on a sound disk: in order, at least once, bounded, and honest about what it drops."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from tests.state.scene import SINKS, Clock, drained, opened, steady, step

from devicewarden.state import outbox
from devicewarden.state.outbox import SinkCounts


def test_each_sink_gets_every_event_in_order(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.violations.record([step("a"), step("b")], SINKS)
    state.violations.record([step("a", "alarm-cleared")], SINKS)

    taken = {sink: drained(state, sink) for sink in SINKS}

    expected = ["a-in-alarm", "b-in-alarm", "a-alarm-cleared"]
    assert taken == {"log": expected, "mqtt": expected}
    assert state.outbox.next("mqtt") is None


def test_an_entry_is_handed_out_until_it_is_done_over_restarts_too(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.violations.record([step("a"), step("b")], SINKS)
    first = [state.outbox.next("mqtt") for _ in range(2)]
    state.close()

    restarted = opened(tmp_path)
    again = restarted.outbox.next("mqtt")

    assert again is not None
    assert [*first, again] == [again] * 3
    assert again.payload == step("a").document.encode()


def test_one_sink_done_leaves_the_others_entries(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.violations.record([step("a")], SINKS)

    drained(state, "log")

    assert state.outbox.counts() == {"mqtt": SinkCounts(waiting=1)}


def test_what_is_too_much_for_a_sink_is_dropped_oldest_first_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(step("v10").document)
    monkeypatch.setattr(outbox, "MAX_BYTES", 5 * size)
    state = opened(tmp_path)
    for number in range(10, 22):
        state.violations.record([step(f"v{number}")], SINKS)
        if number < 20:
            drained(state, "log")

    counts = state.outbox.counts()

    assert counts == {"log": SinkCounts(waiting=2), "mqtt": SinkCounts(waiting=5, dropped=7)}
    assert drained(state, "mqtt") == [f"v{number}-in-alarm" for number in range(17, 22)]
    state.close()
    assert opened(tmp_path).outbox.counts()["mqtt"] == SinkCounts(dropped=7)


def test_an_event_larger_than_the_outbox_is_dropped_and_counted(tmp_path: Path) -> None:
    state = opened(tmp_path)

    state.violations.record([step(document="x" * 1_000_001)], SINKS)

    assert state.outbox.next("mqtt") is None
    assert state.outbox.counts()["mqtt"] == SinkCounts(dropped=1)
    assert state.violations.counts().kept == 1


def test_what_is_older_than_a_week_is_dropped_and_counted(tmp_path: Path) -> None:
    clock = Clock()
    state = opened(tmp_path, clock)
    state.violations.record([step("a")], SINKS)
    clock.turn(days=8)
    state.violations.record([step("b")], SINKS)

    steady(state, clock)

    assert drained(state, "mqtt") == ["b-in-alarm"]
    assert state.outbox.counts()["mqtt"] == SinkCounts(dropped=1)


def test_what_a_sink_refuses_is_counted(tmp_path: Path) -> None:
    state = opened(tmp_path)
    state.violations.record([step("a"), step("b")], SINKS)
    entry = state.outbox.next("mqtt")
    assert entry is not None

    state.outbox.refused(entry, "too large")

    assert drained(state, "mqtt") == ["b-in-alarm"]
    assert state.outbox.counts()["mqtt"] == SinkCounts(refused=1)


@effort(max_examples=30, deadline=None)
@given(
    moves=st.lists(
        st.sampled_from(("event", "done log", "done mqtt", "restart", "die")), max_size=25
    )
)
def test_nothing_is_lost_or_overtaken_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, moves: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("state")
    state, dead = opened(folder), []
    put: list[str] = []
    had: dict[str, list[str]] = {sink: [] for sink in SINKS}

    for move in moves:
        match move.split():
            case ["event"]:
                new = step(f"v{len(put)}")
                state.violations.record([new], SINKS)
                put.append(new.event_id)
            case ["done", sink]:
                if entry := state.outbox.next(sink):
                    state.outbox.done(entry)
                    had[sink].append(entry.event_id)
            case ["restart"]:
                state.close()
                state = opened(folder)
            case _:
                dead.append(state)
                state = opened(folder)

    assert {sink: had[sink] + drained(state, sink) for sink in SINKS} == dict.fromkeys(SINKS, put)
    for each in (*dead, state):
        each.close()
