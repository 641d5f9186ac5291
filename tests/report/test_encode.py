"""Payloads: compact JSON, plain CBOR, and what an entry costs."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.report.encode import encode, entry_sizer
from devicewarden.report.wire import Format, Names

entries = st.dictionaries(
    st.sampled_from(["port", "interface", "remote_addr", "local_port", "local_interface"]),
    st.integers(min_value=0, max_value=2**64 - 1) | st.text(max_size=300),
    min_size=1,
)


def test_json_is_compact_ascii() -> None:
    document = {"header": {"report_id": 1}, "custom_metrics": {"m": [{"string_list": ["ä"]}]}}

    assert encode(document, "json", "long") == (
        rb'{"header":{"report_id":1},"custom_metrics":{"m":[{"string_list":["\u00e4"]}]}}'
    )


def test_cbor_has_definite_lengths_shortest_integers_and_text_keys() -> None:
    document = {"header": {"report_id": 500}, "metrics": {}}

    assert encode(document, "cbor", "short").hex(" ") == (
        "a2 63 68 65 64 a1 63 72 69 64 19 01 f4 63 6d 65 74 a0"
    )


def test_cbor_floats_are_never_shrunk() -> None:
    document = {"custom_metrics": {"m": [{"number": 2.5}]}}

    assert encode(document, "cbor", "long").endswith(bytes.fromhex("fb4004000000000000"))


def test_nan_is_never_written_as_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode({"custom_metrics": {"m": [{"number": float("nan")}]}}, "json", "long")


@given(entry=entries, payload_format=st.sampled_from(["json", "cbor"]), many=st.booleans())
@pytest.mark.parametrize("names", ["long", "short"])
def test_size_of_an_entry_is_what_it_adds_to_a_list(
    entry: dict[str, str | int], payload_format: Format, names: Names, *, many: bool
) -> None:
    rest = [{"port": 1}] * (many + 1)
    before = encode({"metrics": {"ports": rest}}, payload_format, names)

    after = encode({"metrics": {"ports": [*rest, entry]}}, payload_format, names)

    assert entry_sizer(payload_format, names)(entry) == len(after) - len(before)


def test_short_names_are_in_all_keys_not_in_half_of_them() -> None:
    document = {"metrics": {"listening_tcp_ports": {"ports": [{"port": 1, "interface": "lo"}]}}}

    decoded = cbor2.loads(encode(document, "cbor", "short"))

    assert decoded == {"met": {"tp": {"pts": [{"pt": 1, "if": "lo"}]}}}
