"""Received payloads are hostile until they are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.model.errors import ReportError
from devicewarden.report.decode import MAX_PAYLOAD_BYTES, decode
from devicewarden.report.wire import Format


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b'{"header":', "not JSON", id="truncated"),
        pytest.param(b"{}" + b" " * MAX_PAYLOAD_BYTES, "131074 bytes, more than", id="too-large"),
        pytest.param(b'{"\xff":1}', "not UTF-8", id="not-utf-8"),
        pytest.param("{}".encode("utf-16"), "not UTF-8", id="utf-16"),
        pytest.param(b"\xef\xbb\xbf{}", "not JSON", id="byte-order-mark"),
        pytest.param(b"{}{}", "not JSON", id="two-documents"),
        pytest.param(b"[]", "must be an object", id="list"),
        pytest.param(b'{"a":NaN}', "not JSON: NaN", id="nan"),
        pytest.param(b'{"a":-Infinity}', "not JSON: -Infinity", id="infinity"),
        pytest.param(b'{"a":1e999}', "not finite", id="infinite-in-disguise"),
        pytest.param(b'{"a":1,"b":2,"a":3}', "a member twice", id="same-name-twice"),
        pytest.param(b'{"a":' + b"9" * 21 + b"}", "21 digits", id="huge-integer"),
        pytest.param(b'{"a":' + b"9" * 9000 + b"}", "9000 digits", id="enormous-integer"),
        pytest.param(b'{"a":"\\ud800"}', "surrogate", id="half-a-surrogate-pair"),
        pytest.param(b'{"\\ud800":1}', "surrogate", id="half-a-surrogate-pair-in-a-name"),
        pytest.param(b'{"a":' * 17 + b"1" + b"}" * 17, "16 levels", id="deep"),
        pytest.param(b"[" * 130_000, "16 levels", id="deeper-than-the-stack"),
    ],
)
def test_json_that_is_no_report_is_refused_with_the_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(ReportError, match=reason):
        decode(payload, "json")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param("", "ends early", id="empty"),
        pytest.param("a16161", "ends early", id="truncated"),
        pytest.param("bbffffffffffffffff", "ends early", id="false-count-of-members"),
        pytest.param("9bffffffffffffffff", "ends early", id="false-count-of-items"),
        pytest.param("7bffffffffffffffff", "ends early", id="false-length-of-text"),
        pytest.param("bf616101", "ends early", id="no-break"),
        pytest.param("a000", "1 bytes after", id="trailing-byte"),
        pytest.param("80", "must be an object", id="list"),
        pytest.param("a1616141ff", "a byte string", id="byte-string"),
        pytest.param("a16161c24101", "a tag", id="big-integer"),
        pytest.param("a16161d8236128", "a tag", id="regular-expression"),
        pytest.param("d81ca16161d81d00", "a tag", id="shared-reference-to-itself"),
        pytest.param("a10101", "a key that is not text", id="integer-key"),
        pytest.param("a2616101616102", "the key 'a' twice", id="same-key-twice"),
        pytest.param("a16161f7", "simple value 23", id="undefined"),
        pytest.param("a16161ff", "simple value 31", id="misplaced-break"),
        pytest.param("a16161f97e00", "the number nan", id="nan"),
        pytest.param("a16161fb7ff0000000000000", "the number inf", id="infinity"),
        pytest.param("a161611c", "additional information 28", id="reserved"),
        pytest.param("a161611f", "additional information 31", id="integer-without-length"),
        pytest.param("a161ff01", "not UTF-8", id="not-utf-8"),
        pytest.param("a17f416101ff01", "a chunk that is not text", id="chunk-of-bytes"),
        pytest.param("a17f7f6161ffff01", "a chunk that is not text", id="chunk-in-chunks"),
        pytest.param("a16161" * 16 + "01", "16 levels", id="deep"),
        pytest.param("81" * 130_000, "16 levels", id="deeper-than-the-stack"),
    ],
)
def test_cbor_that_is_no_report_is_refused_with_the_reason(payload: str, reason: str) -> None:
    with pytest.raises(ReportError, match=reason):
        decode(bytes.fromhex(payload), "cbor")


@given(payload=st.binary(), payload_format=st.sampled_from(["json", "cbor"]))
def test_any_bytes_are_a_document_or_a_report_error(payload: bytes, payload_format: Format) -> None:
    try:
        document = decode(payload, payload_format)
    except ReportError:
        return

    assert isinstance(document, dict)
