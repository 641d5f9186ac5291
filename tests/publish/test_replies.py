"""Replies: what a broker sends becomes a Reply or a MalformedReplyError, and nothing else."""

import json
import struct
from pathlib import Path
from typing import Any, Literal

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.model.outcome import Accepted, Rejected
from devicewarden.publish.replies import (
    MAX_REPLY_BYTES,
    MalformedReplyError,
    OversizedReplyError,
    Reply,
    parse_reply,
)

DATA = Path(__file__).parents[1] / "data" / "replies"
MALFORMED_METRICS = Rejected("InvalidPayload", "Malformed metrics report")
ACCEPTED = {"thingName": "edge-17", "reportId": 7, "status": "ACCEPTED"}


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("r01-accepted", Reply(1764000300, Accepted())),
        ("r02-accepted-as-printed-in-guide", Reply(None, Accepted())),
        ("r03-rejected", Reply(None, MALFORMED_METRICS)),
        ("r04-rejected-with-report-id", Reply(1764000300, MALFORMED_METRICS)),
        ("r05-rejected-unknown-code", Reply(None, Rejected("SomethingNew", "invented for tests"))),
    ],
)
def test_json_replies_of_the_service_are_read(name: str, reply: Reply) -> None:
    assert parse_reply((DATA / f"{name}.json").read_bytes(), "json") == reply


def test_cbor_reply_of_the_service_is_read() -> None:
    payload = bytes.fromhex((DATA / "c09-response-accepted.cbor.hex").read_text())

    assert parse_reply(payload, "cbor") == Reply(1764000300, Accepted())


def test_cbor_reply_of_indefinite_lengths_is_read() -> None:
    payload = b"\xbf\x7f\x63sta\x63tus\xff\x68ACCEPTED\x68reportId\x1b\0\0\0\0\0\0\0\x07\xff"

    assert parse_reply(payload, "cbor") == Reply(7, Accepted())


def test_texts_of_a_rejection_are_short_and_cannot_drive_a_terminal() -> None:
    details = {"ErrorCode": "\x1b[2J\ud800\n" + "x" * 1000}
    payload = json.dumps({"status": "REJECTED", "statusDetails": details}).encode()

    outcome = parse_reply(payload, "json").outcome

    assert outcome == Rejected("?[2J??" + "x" * 194, "")


@pytest.mark.parametrize(
    "change",
    [
        {"reportId": "7"},
        {"reportId": True},
        {"reportId": 7.0},
        {"reportId": [7]},
        {"status": "accepted"},
        {"status": None},
        {"status": ["ACCEPTED"]},
        {"status": "REJECTED", "statusDetails": "InvalidPayload"},
        {"status": "REJECTED", "statusDetails": {"ErrorCode": 7}},
        {"status": "REJECTED", "statusDetails": {"ErrorMessage": None}},
    ],
    ids=str,
)
@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_wrong_types_are_malformed(
    change: dict[str, Any], encoding: Literal["json", "cbor"]
) -> None:
    document = ACCEPTED | change
    payload = json.dumps(document).encode() if encoding == "json" else cbor2.dumps(document)

    with pytest.raises(MalformedReplyError):
        parse_reply(payload, encoding)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"[" * 8000, id="deep"),
        pytest.param(b"1" * 8000, id="huge number"),
        pytest.param(b'{"status":"\xff"}', id="not UTF-8"),
        pytest.param(b'{"status":"ACCEPTED"', id="cut off"),
    ],
)
def test_what_is_not_a_json_object_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        parse_reply(payload, "json")


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x80", id="list"),
        pytest.param(b"\x81" * 8000, id="deep"),
        pytest.param(b"\x9b" + struct.pack(">Q", 1 << 60) + b"\0" * 99, id="huge list"),
        pytest.param(b"\xbb" + struct.pack(">Q", 1 << 60), id="huge map"),
        pytest.param(b"\x7b" + struct.pack(">Q", 1 << 60), id="huge text"),
        pytest.param(cbor2.dumps(ACCEPTED | {"x": b"bytes"}), id="byte string"),
        pytest.param(cbor2.dumps(ACCEPTED | {"x": cbor2.CBORTag(35, "(a{9999}){9999}")}), id="tag"),
        pytest.param(cbor2.dumps(ACCEPTED) + b"\0", id="trailing byte"),
        pytest.param(cbor2.dumps(ACCEPTED)[:-1], id="cut off"),
        pytest.param(b"\xff", id="lone break"),
        pytest.param(b"\xa1\x62\xff\xff\x01", id="not UTF-8"),
    ],
)
def test_what_is_not_a_safe_cbor_map_is_malformed(payload: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        parse_reply(payload, "cbor")


@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_size_is_looked_at_before_anything_else(encoding: Literal["json", "cbor"]) -> None:
    payload = json.dumps(ACCEPTED).encode().ljust(MAX_REPLY_BYTES + 1)

    with pytest.raises(OversizedReplyError):
        parse_reply(payload, encoding)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(payload=st.binary(max_size=200) | st.builds(cbor2.dumps, values))
def test_whatever_the_bytes_are_a_cbor_reply_is_read_or_malformed(payload: bytes) -> None:
    _read_or_malformed(payload, "cbor")


@given(
    payload=st.binary(max_size=200)
    | st.builds(
        lambda extra: cbor2.dumps(ACCEPTED | extra),
        st.dictionaries(st.sampled_from(["reportId", "status", "statusDetails", "x"]), values),
    )
)
def test_whatever_the_members_are_a_cbor_reply_is_read_or_malformed(payload: bytes) -> None:
    _read_or_malformed(payload, "cbor")


@given(payload=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_bytes_are_a_json_reply_is_read_or_malformed(payload: bytes) -> None:
    _read_or_malformed(payload, "json")


@given(report_id=st.integers(min_value=1, max_value=2**63), extra=st.text())
def test_members_that_are_not_known_do_not_matter(report_id: int, extra: str) -> None:
    document = {extra: extra} | ACCEPTED | {"reportId": report_id}

    assert parse_reply(json.dumps(document).encode(), "json") == Reply(report_id, Accepted())
    assert parse_reply(cbor2.dumps(document), "cbor") == Reply(report_id, Accepted())


def _read_or_malformed(payload: bytes, encoding: Literal["json", "cbor"]) -> None:
    try:
        reply = parse_reply(payload, encoding)
    except MalformedReplyError:
        return
    assert isinstance(reply, Reply)
