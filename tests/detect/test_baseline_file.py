"""Baselines as a file: what one device wrote another reads, and nobody trusts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.detect.series import taught

from devicewarden.detect.baseline_file import MAX_BYTES, read_baselines, write_baselines
from devicewarden.detect.learned import BaselineKey, baseline_name, parse_baseline_name
from devicewarden.detect.statistical import Past
from devicewarden.model.errors import BaselineError


def past(count: int) -> bytes:
    known = Past(300)
    for value in range(count):
        known.add(value)
    return known.dump()


BASELINES = {
    BaselineKey("statistical", "aws:all-bytes-out", 300): past(150),
    BaselineKey("machine-learning", "cpu_percent", 300): taught(3).dump(),
}
WRITTEN = json.loads(write_baselines(BASELINES))
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789:_-", min_size=1, max_size=128)


def test_what_was_written_is_read_back() -> None:
    assert read_baselines(write_baselines(BASELINES).encode()) == BASELINES


def test_a_baseline_takes_about_ten_kilobytes() -> None:
    full = {BaselineKey("machine-learning", "m", 300): taught(15).dump(),
            BaselineKey("statistical", "m", 300): past(5_000)}  # fmt: skip

    assert len(write_baselines(full)) < 2 * 16 * 1024


@given(st.sampled_from(["statistical", "machine-learning"]), names, st.integers(1, 10**7))
def test_name_of_a_baseline_is_read_back(kind: Any, metric: str, length_s: int) -> None:
    key = BaselineKey(kind, metric, length_s)

    assert parse_baseline_name(baseline_name(key)) == key


@pytest.mark.parametrize(
    "name", ["", "statistical", "statistical/300/", "statistical/-3/m", "other/300/m",
             "statistical/³/m", "statistical/9999999999999/m"],
)  # fmt: skip
def test_name_of_no_baseline_is_refused(name: str) -> None:
    with pytest.raises(BaselineError):
        parse_baseline_name(name)


def changed(**members: Any) -> bytes:
    first, *others = WRITTEN["baselines"]
    return json.dumps({**WRITTEN, "baselines": [{**first, **members}, *others]}).encode()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        (b"[" * 100_000, "is nested"),
        (b'{"format": NaN}', "is not JSON"),
        (b" " * (MAX_BYTES + 1), "is larger than"),
        (b"[]", "is no document of baselines"),
        (json.dumps({**WRITTEN, "version": 2}).encode(), "is of version 2"),
        (json.dumps({**WRITTEN, "baselines": WRITTEN["baselines"] * 2}).encode(), "is there twice"),
        (json.dumps({**WRITTEN, "baselines": [1] * 501}).encode(), "more than 500"),
        (json.dumps({**WRITTEN, "baselines": [{}]}).encode(), "baseline 1: has not the members"),
        (changed(kind="other"), "has not the members"),
        (changed(metric="../../etc"), "has not the members"),
        (changed(window_s=0), "has not the members"),
        (changed(window_s=True), "has not the members"),
        (changed(window_s=int("9" * 4000)), "has an integer of 4000 digits"),
        (changed(crc32=1), "checksum"),
        (changed(data="%%%"), "no base64"),
        (changed(data="AAAA", crc32=4_282_505_490), "checksum|too short"),
        (changed(kind="statistical"), "is no past"),
        (changed(kind="statistical", **{k: WRITTEN["baselines"][1][k] for k in ("crc32", "data")},
                 window_s=600), "not of 600 s"),
    ],
    ids=["empty", "binary", "deep", "nan", "large", "list", "version", "twice", "many", "hollow",
         "kind", "metric", "window-0", "bool", "digits", "checksum", "base64", "short",
         "other", "window"],
)  # fmt: skip
def test_hostile_file_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(BaselineError, match=why):
        read_baselines(content)


@given(st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(
        ["format", "version", "baselines", "kind", "data", "crc32", "metric", "window_s"]), inner),
).map(lambda document: json.dumps(document).encode()))  # fmt: skip
def test_rubbish_is_refused_and_nothing_else_happens(content: bytes) -> None:
    with pytest.raises(BaselineError):
        read_baselines(content)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_one_damaged_byte_of_the_data_is_noticed(at: int, by: int) -> None:
    packed = bytearray(BASELINES[BaselineKey("statistical", "aws:all-bytes-out", 300)])
    packed[at % len(packed)] ^= by
    document = json.loads(write_baselines({BaselineKey("statistical", "m", 300): bytes(packed)}))
    document["baselines"][0]["crc32"] = WRITTEN["baselines"][1]["crc32"]

    with pytest.raises(BaselineError):
        read_baselines(json.dumps(document).encode())
