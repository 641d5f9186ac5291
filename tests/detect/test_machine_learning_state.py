"""What a series has learnt survives a restart, and nothing hostile comes in with it."""

import random
from array import array
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detect.series import DAY, constant, daily, taught

from devicewarden.detect.machine_learning import MOST_BYTES, Series
from devicewarden.model.errors import BaselineError


@pytest.fixture(scope="module")
def known() -> bytes:
    """A series that knows twenty days."""
    return taught(20).dump()


@settings(max_examples=8, deadline=None)
@given(cut=st.integers(min_value=1, max_value=700), seed=st.integers())
def test_a_loaded_series_goes_on_exactly_as_the_dumped_one(cut: int, seed: int) -> None:
    chance = random.Random(seed)
    series = Series()
    for time_s, value in daily(chance, 0, cut):
        series.update(time_s, value)

    loaded = Series.load(series.dump())

    rest = list(daily(chance, cut, 500))
    assert [loaded.update(*each) for each in rest] == [series.update(*each) for each in rest]
    assert loaded.dump() == series.dump()


@given(packed=st.binary(max_size=300))
def test_foreign_bytes_are_no_baseline(packed: bytes) -> None:
    with pytest.raises(BaselineError):
        Series.load(packed)


@settings(max_examples=100, deadline=None)
@given(at=st.integers(min_value=9), byte=st.integers(min_value=0, max_value=255))
def test_a_forged_baseline_is_refused_or_works(at: int, byte: int, known: bytes) -> None:
    forged = bytearray(known)
    forged[9 + at % (len(forged) - 9)] = byte
    forged[5:9] = crc32(forged[9:]).to_bytes(4, "little")

    try:
        series = Series.load(bytes(forged))
    except BaselineError:
        return
    for time_s, value in daily(random.Random(2), 20 * DAY, 400):
        verdict = series.update(time_s, value)
        assert verdict is None or 0 <= verdict.score <= 12


def test_a_changed_byte_is_noticed(known: bytes) -> None:
    damaged = known[:100] + bytes([known[100] ^ 1]) + known[101:]

    with pytest.raises(BaselineError, match="checksum"):
        Series.load(damaged)


def test_a_baseline_of_another_version_is_refused(known: bytes) -> None:
    older = known[:4] + bytes([known[4] - 1]) + known[5:]

    with pytest.raises(BaselineError, match="another version"):
        Series.load(older)


def test_an_oversized_baseline_is_refused_before_it_is_read() -> None:
    with pytest.raises(BaselineError, match="too long"):
        Series.load(bytes(MOST_BYTES + 1))


def test_a_cut_baseline_is_refused(known: bytes) -> None:
    body = known[9:-200]

    with pytest.raises(BaselineError, match="damaged"):
        Series.load(known[:5] + crc32(body).to_bytes(4, "little") + body)


def test_a_dump_fits_the_limit(known: bytes) -> None:
    assert len(known) <= MOST_BYTES
    assert len(Series().dump()) < 200
    assert len(constant(1.0, 1).dump()) <= MOST_BYTES


def test_a_series_is_small(known: bytes) -> None:
    series = Series.load(known)

    assert _size(series, set()) <= 32 * 1024


def _size(thing: object, seen: set[int]) -> int:
    """Bytes of an object and of all that only it holds."""
    if id(thing) in seen or isinstance(thing, type):
        return 0
    seen.add(id(thing))
    parts: list[object] = []
    if isinstance(thing, list | tuple):
        parts = list(thing)
    elif not isinstance(thing, array):
        slots = [name for each in type(thing).__mro__ for name in getattr(each, "__slots__", ())]
        parts = [getattr(thing, name) for name in slots]
    return thing.__sizeof__() + sum(_size(part, seen) for part in parts)
