"""CBOR that others write is read as it was; the hostile cases are those of `report`."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.model.errors import DocumentError
from devicewarden.model.strict_cbor import read_cbor

LEVELS = 4
scalars = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**64), max_value=2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=300)
)
flat = scalars | st.lists(scalars) | st.dictionaries(st.text(), scalars)
values = flat | st.lists(flat) | st.dictionaries(st.text(), flat)


@given(value=values, indefinite=st.booleans(), canonical=st.booleans())
def test_what_cbor2_writes_is_read_as_it_was(
    value: object, *, indefinite: bool, canonical: bool
) -> None:
    payload = cbor2.dumps(value, indefinite_containers=indefinite, canonical=canonical)

    assert read_cbor(payload, levels=LEVELS) == value


def test_text_in_chunks_is_joined() -> None:
    assert read_cbor(bytes.fromhex("7f6161626263ff"), levels=LEVELS) == "abc"


def test_as_many_levels_as_the_caller_wants_are_read() -> None:
    deep = cbor2.dumps([[[1]]])

    assert read_cbor(deep, levels=4) == [[[1]]]
    with pytest.raises(DocumentError, match="more than 3 levels"):
        read_cbor(deep, levels=3)


@given(payload=st.binary())
def test_any_bytes_are_a_document_or_refused(payload: bytes) -> None:
    try:
        document = read_cbor(payload, levels=LEVELS)
    except DocumentError:
        return

    assert cbor2.loads(cbor2.dumps(document)) == document
