import ipaddress
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.collect.custom_value import (
    MAX_ITEMS,
    MAX_JSON_BYTES,
    MAX_STRING,
    BadValueError,
    MetricType,
    check_name,
    decode_json,
    parse_document,
    parse_value,
)
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList

TYPES: tuple[MetricType, ...] = ("number", "number-list", "string-list", "ip-address-list")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("document", "value"),
    [
        pytest.param({"number": 3.5}, Number(3.5), id="number"),
        pytest.param({"number_list": [1, -2.5]}, NumberList((1.0, -2.5)), id="number-list"),
        pytest.param({"string_list": ["a b", "ü"]}, StringList(("a b", "ü")), id="string-list"),
        pytest.param({"ip_list": ["10.0.0.1"]}, IpAddressList(("10.0.0.1",)), id="ip-list"),
        pytest.param({"string_list": []}, StringList(()), id="empty-list"),
    ],
)
def test_a_document_of_one_member_tells_its_type(document: object, value: object) -> None:
    assert parse_document(document) == value


@pytest.mark.parametrize(
    "document",
    [[], 3, None, {}, {"number": 1, "ip_list": []}, {"Number": 1}, {"ip_address_list": []}],
)
def test_any_other_document_is_refused(document: object) -> None:
    with pytest.raises(BadValueError, match="member"):
        parse_document(document)


@pytest.mark.parametrize(
    ("metric_type", "value", "reason"),
    [
        pytest.param("number", True, "true or false, not a number", id="bool"),
        pytest.param("number", "1", "a string, not a number", id="text"),
        pytest.param("number", None, "null, not a number", id="null"),
        pytest.param("number", [1], "an array, not a number", id="list"),
        pytest.param("number", math.nan, "not finite", id="nan"),
        pytest.param("number", math.inf, "not finite", id="infinite"),
        pytest.param("number", 10**400, "too large", id="huge-integer"),
        pytest.param("number", 1.7976931348623157e308, "too large", id="infinite-once-rounded"),
        pytest.param("number-list", 1, "a number, not an array", id="no-list"),
        pytest.param("number-list", [1, False], r"item \[1\]: true or false", id="bool-inside"),
        pytest.param("string-list", ["a", 1], r"item \[1\]: a number, not a string", id="mixed"),
        pytest.param("string-list", [""], r"item \[0\]: .* printable", id="empty-string"),
        pytest.param("string-list", ["a\n"], r"item \[0\]: .* printable", id="control"),
        pytest.param("string-list", ["\ud800"], r"item \[0\]: .* printable", id="lone-surrogate"),
        pytest.param("string-list", ["\u202e"], r"item \[0\]: .* printable", id="bidi-override"),
        pytest.param("string-list", ["x" * (MAX_STRING + 1)], "printable", id="long-string"),
        pytest.param("string-list", ["x"] * (MAX_ITEMS + 1), "1001 items", id="long-list"),
        pytest.param("string-list", "abc", "a string, not an array", id="string-for-list"),
        pytest.param("ip-address-list", [167772161], "not an IP address", id="ip-as-number"),
        pytest.param("ip-address-list", ["10.0.0.0/8"], "without zone", id="mask"),
        pytest.param("ip-address-list", ["10.0.0.1:80"], "without zone", id="port"),
        pytest.param("ip-address-list", ["fe80::1%eth0"], "without zone", id="zone"),
        pytest.param("ip-address-list", ["10.0.0.01"], "without zone", id="octal"),
        pytest.param("ip-address-list", [""], "without zone", id="empty-ip"),
        pytest.param("ip-address-list", ["1" * 60_000], "without zone", id="long-ip"),
    ],
)
def test_a_bad_value_is_refused_with_its_place_and_reason(
    metric_type: MetricType, value: object, reason: str
) -> None:
    with pytest.raises(BadValueError, match=reason):
        parse_value(metric_type, value)


def test_numbers_keep_fifteen_significant_digits() -> None:
    value = parse_value("number-list", [0.1 + 0.2, 12345678901234567, -1e-300])

    assert value == NumberList((0.3, 12345678901234600.0, -1e-300))


def test_addresses_come_out_in_one_form() -> None:
    value = parse_value("ip-address-list", ["2001:DB8:0::1", "::ffff:192.0.2.1", "192.0.2.1"])

    assert value == IpAddressList(("2001:db8::1", "192.0.2.1", "192.0.2.1"))


@pytest.mark.parametrize("name", ["a", "A_b-C:9", "x" * 128, "awsome", "aws"])
def test_a_good_name_passes(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", "x" * 129, "a b", "a.b", "a/b", "ä", "a\n", "aws:x", "cpu\u0663"]
)
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(BadValueError, match="metric name"):
        check_name(name)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b"{", "not JSON", id="cut-off"),
        pytest.param(b"1 2", "not JSON", id="two-values"),
        pytest.param(b"\xff\xfe", "not UTF-8", id="not-utf-8"),
        pytest.param(b"NaN", "not JSON: NaN", id="nan"),
        pytest.param(b"[-Infinity]", "not JSON: -Infinity", id="infinity"),
        pytest.param(b'{"a": 1, "a": 2}', "twice", id="member-twice"),
        pytest.param(b"[" * 60_000, "nested", id="deep"),
        pytest.param(b'{"a":' * 10_000, "nested", id="deep-objects"),
        pytest.param(b" " * (MAX_JSON_BYTES + 1), "larger", id="large"),
    ],
)
def test_bad_json_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadValueError, match=reason):
        decode_json(data)


@pytest.mark.parametrize("text", ["1e999", "-1e999", "9" * 60_000])
def test_a_number_too_large_for_json_consumers_is_refused(text: str) -> None:
    with pytest.raises(BadValueError, match="not finite"):
        parse_value("number", decode_json(text.encode()))


@given(st.binary(max_size=200))
def test_decoding_fails_in_one_way_only(data: bytes) -> None:
    try:
        document = decode_json(data)
    except BadValueError:
        return

    json.dumps(document)


@given(st.sampled_from(TYPES), JSON)
def test_what_is_parsed_can_be_sent(metric_type: MetricType, document: object) -> None:
    try:
        value = parse_value(metric_type, document)
    except BadValueError:
        return

    items = (value.value,) if isinstance(value, Number) else value.values
    json.dumps(items, allow_nan=False).encode()


@given(st.ip_addresses())
def test_every_address_is_accepted(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    text = str(address).partition("%")[0]

    value = parse_value("ip-address-list", [text])

    assert isinstance(value, IpAddressList)
    mapped = getattr(ipaddress.ip_address(text), "ipv4_mapped", None)
    assert value.values == (str(mapped or text),)
