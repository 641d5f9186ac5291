"""The Device Defender endpoint's answers, without a broker."""

import json
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.sandbox.document import PARSE, Format
from devicewarden.sandbox.verdict import (
    AWS_MIN_INTERVAL_S,
    GARBAGE,
    Arrival,
    Memory,
    Orders,
    Received,
    decide,
)

NOW_MS = 1_764_000_300_412


def valid(_payload: bytes, _format: Format) -> list[str]:
    return []


def invalid(_payload: bytes, _format: Format) -> list[str]:
    return ["$.header: missing", "$.metrics: missing"]


def report(report_id: object = 7) -> bytes:
    return json.dumps({"header": {"report_id": report_id, "version": "1.0"}}).encode()


def arrival(payload: bytes | None = None, at_ms: int = NOW_MS, fmt: Format = "json") -> Arrival:
    return Arrival(thing="edge-1", format=fmt, payload=payload or report(), at_ms=at_ms)


def answer(received: Received) -> Any:
    assert received.reply is not None
    return PARSE[received.format](received.reply)


def test_accepted_reply_has_the_documented_shape() -> None:
    received, memory, _ = decide(arrival(), valid, Memory(), Orders())

    assert answer(received) == {
        "thingName": "edge-1",
        "reportId": 7,
        "status": "ACCEPTED",
        "timestamp": NOW_MS,
    }
    assert received.reply_topic == "$aws/things/edge-1/defender/metrics/json/accepted"
    assert memory == Memory(last_report_id=7, last_accepted_ms=NOW_MS)


def test_rejected_reply_names_code_and_reasons() -> None:
    received, memory, _ = decide(arrival(), invalid, Memory(), Orders())

    assert answer(received) == {
        "thingName": "edge-1",
        "status": "REJECTED",
        "statusDetails": {
            "ErrorCode": "InvalidPayload",
            "ErrorMessage": "$.header: missing; $.metrics: missing",
        },
        "timestamp": NOW_MS,
    }
    assert received.reply_topic == "$aws/things/edge-1/defender/metrics/json/rejected"
    assert received.document is None
    assert memory == Memory()


def test_reply_is_encoded_as_the_report_was() -> None:
    payload = cbor2.dumps({"hed": {"rid": 8, "v": "1.0"}})

    received, _, _ = decide(arrival(payload, fmt="cbor"), valid, Memory(), Orders())

    assert cbor2.loads(received.reply or b"")["reportId"] == 8
    assert received.topic == "$aws/things/edge-1/defender/metrics/cbor"


def test_short_names_are_read_as_long_ones() -> None:
    payload = json.dumps({"hed": {"rid": 9}, "met": {"tp": {"pts": [{"pt": 22}], "t": 1}}}).encode()

    received, _, _ = decide(arrival(payload), valid, Memory(), Orders())

    assert received.document == {
        "header": {"report_id": 9},
        "metrics": {"listening_tcp_ports": {"ports": [{"port": 22}], "total": 1}},
    }


@pytest.mark.parametrize("report_id", [6, 7], ids=["older", "equal"])
def test_report_id_that_does_not_increase_is_rejected(report_id: int) -> None:
    received, memory, _ = decide(
        arrival(report(report_id)), valid, Memory(last_report_id=7), Orders()
    )

    assert received.code == "InvalidPayload"
    assert answer(received)["reportId"] == report_id
    assert memory.last_report_id == 7


@pytest.mark.parametrize("report_id", [None, "7", 7.0, True, 0, -1])
def test_report_without_a_proper_id_is_rejected_even_if_the_judge_let_it_pass(
    report_id: object,
) -> None:
    received, _, _ = decide(arrival(report(report_id)), valid, Memory(), Orders())

    assert (received.verdict, received.code) == ("rejected", "InvalidPayload")


@pytest.mark.parametrize(
    ("after_ms", "code"), [(299_999, "Throttled"), (300_000, "")], ids=["too early", "in time"]
)
def test_throttling_looks_at_the_time_since_the_last_accepted_report(
    after_ms: int, code: str
) -> None:
    memory = Memory(last_report_id=1, last_accepted_ms=NOW_MS - after_ms)

    received, _, _ = decide(arrival(), valid, memory, Orders(min_interval_s=AWS_MIN_INTERVAL_S))

    assert received.code == code


def test_throttled_report_does_not_delay_the_next_one() -> None:
    memory = Memory(last_report_id=1, last_accepted_ms=NOW_MS - 1)

    _, memory, _ = decide(arrival(), valid, memory, Orders(min_interval_s=300))

    assert memory == Memory(last_report_id=7, last_accepted_ms=NOW_MS - 1)


def test_ordered_rejection_is_used_up_by_a_valid_report_alone() -> None:
    orders = Orders(reject_next=1, reject_code="InternalError")

    _, _, after_invalid = decide(arrival(), invalid, Memory(), orders)
    received, memory, after_valid = decide(arrival(), valid, Memory(), after_invalid)

    assert after_invalid == orders
    assert received.code == "InternalError"
    assert received.document is not None
    assert after_valid.reject_next == 0
    assert memory.last_accepted_ms is None


def test_silence_is_used_up_and_keeps_the_verdict() -> None:
    received, _, orders = decide(arrival(), valid, Memory(), Orders(silence_next=2))

    assert (received.verdict, received.reply) == ("accepted", None)
    assert orders.silence_next == 1


@pytest.mark.parametrize("fmt", ["json", "cbor"])
def test_garbage_cannot_be_parsed(fmt: Format) -> None:
    received, _, orders = decide(arrival(fmt=fmt), invalid, Memory(), Orders(garbage_next=1))

    assert received.reply == GARBAGE
    assert orders.garbage_next == 0
    with pytest.raises((ValueError, cbor2.CBORDecodeError)):
        PARSE[fmt](GARBAGE)


def test_error_message_is_cut() -> None:
    received, _, _ = decide(arrival(), lambda _p, _f: ["x" * 9999], Memory(), Orders())

    assert len(answer(received)["statusDetails"]["ErrorMessage"]) == 500


@given(payload=st.binary(max_size=300), fmt=st.sampled_from(["json", "cbor"]))
def test_no_payload_goes_without_an_answer(payload: bytes, fmt: Format) -> None:
    # The judge lets everything pass, so the parsers meet every payload.
    received, _, _ = decide(
        Arrival(thing="t", format=fmt, payload=payload, at_ms=NOW_MS), valid, Memory(), Orders()
    )

    assert answer(received)["status"] == received.verdict.upper()


@pytest.mark.parametrize(
    ("fmt", "payload"),
    [
        ("json", b"[" * 100_000),
        ("json", b"1" * 100_000),
        ("json", b'{"header":' * 20_000),
        ("cbor", b"\x81" * 100_000),
        ("cbor", b"\x9b" + b"\xff" * 8),
        ("cbor", b"\xbf\xa0\x00\xff"),
        ("cbor", b"\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00"),
    ],
    ids=["deep", "long number", "deep maps", "deep cbor", "endless list", "map as key", "no date"],
)
def test_hostile_payload_is_rejected(fmt: Format, payload: bytes) -> None:
    received, _, _ = decide(
        Arrival(thing="t", format=fmt, payload=payload, at_ms=NOW_MS), valid, Memory(), Orders()
    )

    assert received.code == "InvalidPayload"


def test_judge_that_breaks_down_rejects() -> None:
    def breaks_down(_payload: bytes, _format: Format) -> list[str]:
        raise RecursionError("too deep")

    received, _, _ = decide(arrival(), breaks_down, Memory(), Orders())

    assert received.reasons == ("cannot be judged: RecursionError: too deep",)
