"""Samples: every collector runs, whatever happens to the others."""

from collections.abc import Mapping
from datetime import UTC, datetime

from devicewarden.collect.sampler import Sampler, boot_id, uptime_s, utc_now
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Number, RawValue

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Load:
    """Fails at every second reading."""

    name = "load"

    def __init__(self) -> None:
        self.readings = 0

    def collect(self) -> Mapping[str, RawValue]:
        self.readings += 1
        if self.readings % 2 == 0:
            raise CollectError("cannot read the load: gone")
        return {"load_1m": Number(self.readings)}


class Heat:
    """Keeps something open."""

    name = "heat"

    def __init__(self) -> None:
        self.closed = False

    def collect(self) -> Mapping[str, RawValue]:
        return {"celsius": Number(41.5)}

    def close(self) -> None:
        self.closed = True


def test_one_failed_read_is_noted_and_does_not_end_sampling() -> None:
    sampler = Sampler((Load(), Heat()), now=lambda: NOON, uptime=lambda: 99.5, boot="boot")

    first, second, third = (sampler.take() for _ in range(3))

    assert first.values == {"load_1m": Number(1), "celsius": Number(41.5)}
    assert first.failed == {}
    assert second.values == {"celsius": Number(41.5)}
    assert second.failed == {"load": "cannot read the load: gone"}
    assert third.values == {"load_1m": Number(3), "celsius": Number(41.5)}


def test_a_sample_tells_when_and_in_which_boot_it_was_taken() -> None:
    taken = Sampler((), now=lambda: NOON, uptime=lambda: 99.5, boot="boot").take()

    assert (taken.taken_at, taken.uptime_s, taken.boot_id) == (NOON, 99.5, "boot")


def test_by_default_clock_uptime_and_boot_are_the_kernels() -> None:
    before, started = utc_now(), uptime_s()

    taken = Sampler(()).take()

    assert before <= taken.taken_at <= utc_now()
    assert started <= taken.uptime_s <= uptime_s()
    assert taken.boot_id == boot_id()
    assert taken.taken_at.tzinfo is UTC


def test_closing_closes_the_collectors_that_keep_something_open() -> None:
    heat = Heat()

    Sampler((Load(), heat), boot="boot").close()

    assert heat.closed


class Files:
    """Leaves out what is bad."""

    name = "files"

    def __init__(self) -> None:
        self.problems: Mapping[str, str] = {}

    def collect(self) -> Mapping[str, RawValue]:
        self.problems = {} if self.problems else {"a.json": "not JSON", "b.json": "too long"}
        return {"good": Number(7)}


def test_what_a_collector_left_out_is_told_until_it_is_good_again() -> None:
    sampler = Sampler((Files(), Heat()), boot="boot")

    first, second = sampler.take(), sampler.take()

    assert first.failed == {"files": "a.json: not JSON; b.json: too long"}
    assert first.values == {"good": Number(7), "celsius": Number(41.5)}
    assert second.failed == {}
