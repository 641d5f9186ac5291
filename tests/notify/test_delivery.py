"""Delivery: at least once, in order, and no sink waits for another."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.notify.scene import PaperSink, Waits
from tests.state.scene import SINKS, opened, step

from devicewarden.config.settings import StateSettings
from devicewarden.model.errors import PermanentDeliveryError, TemporaryDeliveryError
from devicewarden.notify import delivery
from devicewarden.notify.delivery import Delivery
from devicewarden.notify.sink import Event
from devicewarden.state.look import look
from devicewarden.state.outbox import SinkCounts
from devicewarden.state.queues import queues
from devicewarden.state.state import State


def recorded(folder: Path, *violation_ids: str) -> State:
    state = opened(folder)
    state.violations.record([step(name) for name in violation_ids], SINKS)
    return state


async def rounds(job: Delivery, how_many: int) -> None:
    for _ in range(how_many):
        await job.round()


def test_events_are_delivered_in_order_and_done(tmp_path: Path) -> None:
    state, sink = recorded(tmp_path, "a", "b", "c"), PaperSink()

    asyncio.run(rounds(Delivery(sink, state.outbox), 3))

    assert sink.had == ["a-in-alarm", "b-in-alarm", "c-in-alarm"]
    assert state.outbox.counts() == {"log": SinkCounts(waiting=3)}


def test_a_failing_sink_gets_the_same_event_until_it_takes_it(tmp_path: Path) -> None:
    state, waits = recorded(tmp_path, "a", "b"), Waits()
    sink = PaperSink(
        verdict=lambda attempt, _: TemporaryDeliveryError("away") if attempt < 5 else None
    )

    asyncio.run(rounds(Delivery(sink, state.outbox, sleep=waits), 2))

    assert sink.attempts == ["a-in-alarm"] * 5 + ["b-in-alarm"]
    assert sink.had == ["a-in-alarm", "b-in-alarm"]
    assert len(waits.asked_s) == 4


def test_waits_grow_with_jitter_up_to_a_minute(tmp_path: Path) -> None:
    state, waits = recorded(tmp_path, "a"), Waits()
    sink = PaperSink(
        verdict=lambda attempt, _: TemporaryDeliveryError("away") if attempt <= 200 else None
    )

    asyncio.run(rounds(Delivery(sink, state.outbox, sleep=waits), 1))

    assert waits.asked_s[0] <= 1
    assert 30 < max(waits.asked_s) <= 60
    assert len({round(wait_s, 6) for wait_s in waits.asked_s}) > 150


def test_a_crash_before_the_end_delivers_again_after_the_restart(tmp_path: Path) -> None:
    def crash(_attempt: int, _event: Event) -> Exception:
        return RuntimeError("a bug")

    state, crashing = recorded(tmp_path, "a", "b"), PaperSink(verdict=crash)
    with pytest.raises(RuntimeError):
        asyncio.run(rounds(Delivery(crashing, state.outbox), 1))
    sink = PaperSink()

    asyncio.run(rounds(Delivery(sink, opened(tmp_path).outbox), 2))

    assert crashing.attempts == ["a-in-alarm"]
    assert sink.had == ["a-in-alarm", "b-in-alarm"]


def test_an_event_that_a_sink_refuses_for_good_makes_way_and_is_counted(tmp_path: Path) -> None:
    def refuse_a(_attempt: int, event: Event) -> Exception | None:
        return PermanentDeliveryError("too large") if event.event_id.startswith("a") else None

    state, sink = recorded(tmp_path, "a", "b"), PaperSink(verdict=refuse_a)

    with capture_logs() as told:
        asyncio.run(rounds(Delivery(sink, state.outbox), 2))

    assert sink.had == ["b-in-alarm"]
    assert state.outbox.counts()["mqtt"] == SinkCounts(refused=1)
    assert [line["event"] for line in told] == ["event_refused"]


def test_a_sink_that_hangs_is_given_up_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(PaperSink):
        async def deliver(self, event: Event) -> None:
            await super().deliver(event)
            if len(self.attempts) == 1:
                await asyncio.Event().wait()

    monkeypatch.setattr(delivery, "_TIMEOUT_S", 0.01)
    state, sink = recorded(tmp_path, "a"), Hanging()

    asyncio.run(rounds(Delivery(sink, state.outbox, sleep=Waits()), 1))

    assert sink.attempts == ["a-in-alarm"] * 2
    assert state.outbox.next("mqtt") is None


def test_a_dead_sink_delays_no_other(tmp_path: Path) -> None:
    def dead(_attempt: int, _event: Event) -> Exception:
        return TemporaryDeliveryError("dead")

    async def both() -> None:
        state = recorded(tmp_path, "a", "b", "c")
        hopeless = asyncio.create_task(
            rounds(Delivery(PaperSink("mqtt", dead), state.outbox, sleep=asyncio.sleep), 1)
        )
        await rounds(Delivery(alive, state.outbox), 3)
        assert not hopeless.done()
        hopeless.cancel()
        await asyncio.gather(hopeless, return_exceptions=True)

    alive = PaperSink("log")

    asyncio.run(both())

    assert alive.had == ["a-in-alarm", "b-in-alarm", "c-in-alarm"]


def test_an_event_that_was_dropped_meanwhile_is_not_tried_again(tmp_path: Path) -> None:
    state = recorded(tmp_path, "a", "b")
    sink = PaperSink(
        verdict=lambda attempt, _: TemporaryDeliveryError("away") if attempt == 1 else None
    )

    def drop() -> None:
        if entry := state.outbox.next("mqtt"):
            state.outbox.done(entry)

    asyncio.run(rounds(Delivery(sink, state.outbox, sleep=Waits(meanwhile=(drop,))), 1))

    assert sink.attempts == ["a-in-alarm", "b-in-alarm"]


def test_an_idle_delivery_wakes_for_a_new_event(tmp_path: Path) -> None:
    async def idle_then_told() -> None:
        state = opened(tmp_path)
        job = Delivery(sink, state.outbox)
        idle = asyncio.create_task(job.round())
        await asyncio.sleep(0)
        state.violations.record([step("a")], SINKS)
        job.wake()
        await asyncio.wait_for(idle, 10)
        await job.round()

    sink = PaperSink()

    asyncio.run(idle_then_told())

    assert sink.had == ["a-in-alarm"]


def test_an_idle_delivery_looks_now_and_then_for_events_of_other_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LOOK_EVERY_S", 0.01)
    state, sink = opened(tmp_path), PaperSink()
    job = Delivery(sink, state.outbox)

    asyncio.run(rounds(job, 1))
    opened(tmp_path).violations.record([step("a")], SINKS)
    asyncio.run(rounds(Delivery(sink, state.outbox), 1))

    assert sink.had == ["a-in-alarm"]


def test_the_first_failure_is_a_warning_its_repeats_are_debug_and_recovery_is_told(
    tmp_path: Path,
) -> None:
    state = recorded(tmp_path, "a", "b")
    sink = PaperSink(
        verdict=lambda attempt, _: TemporaryDeliveryError("away") if attempt < 4 else None
    )

    with capture_logs() as told:
        asyncio.run(rounds(Delivery(sink, state.outbox, sleep=Waits()), 2))

    assert [(line["event"], line["log_level"]) for line in told] == [
        ("event_not_delivered", "warning"),
        ("event_not_delivered", "debug"),
        ("event_not_delivered", "debug"),
        ("delivery_recovered", "info"),
    ]


@pytest.mark.parametrize(
    ("asked_s", "least_s", "most_s"), [(77, 77, 77), (10**9, 3600, 3600), (0, 0, 1)]
)
def test_a_sink_that_asks_for_patience_is_given_an_hour_at_most(
    asked_s: float, least_s: float, most_s: float, tmp_path: Path
) -> None:
    state, waits = recorded(tmp_path, "a"), Waits()
    busy = TemporaryDeliveryError("busy", after_s=asked_s)
    sink = PaperSink(verdict=lambda attempt, _: busy if attempt == 1 else None)

    asyncio.run(rounds(Delivery(sink, state.outbox, sleep=waits), 1))

    assert least_s <= waits.asked_s[0] <= most_s


def test_the_last_error_is_kept_until_a_delivery_succeeds(tmp_path: Path) -> None:
    def told() -> str:
        return look(StateSettings(dir=str(tmp_path)), queues)["mqtt"].last_error

    state = recorded(tmp_path, "a", "b")
    sink = PaperSink(
        verdict=lambda attempt, _: {
            1: TemporaryDeliveryError("away"),
            2: PermanentDeliveryError("too large"),
        }.get(attempt)
    )
    seen: list[str] = []
    waits = Waits(meanwhile=(lambda: seen.append(told()),))
    job = Delivery(sink, state.outbox, sleep=waits)

    for _ in range(2):
        asyncio.run(rounds(job, 1))
        seen.append(told())

    assert seen == ["away", "too large", ""]
