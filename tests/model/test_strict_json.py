"""JSON that others write: what is read can be written again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.model.errors import DocumentError
from devicewarden.model.strict_json import read_json

LEVELS = 4
scalars = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**64), max_value=2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=100)
)
flat = scalars | st.lists(scalars) | st.dictionaries(st.text(), scalars)
texts = st.text(alphabet='{}[]",:0123456789eE+-.nulltrueNaIfiy\\\\ud8 \ufeff', max_size=40)


@given(value=flat, ascii_only=st.booleans())
def test_what_json_writes_is_read_as_it_was(value: object, *, ascii_only: bool) -> None:
    content = json.dumps(value, ensure_ascii=ascii_only).encode()

    assert read_json(content, levels=LEVELS) == value


@given(content=st.binary() | texts.map(str.encode))
def test_any_bytes_are_refused_or_can_be_written_again(content: bytes) -> None:
    try:
        document = read_json(content, levels=LEVELS, long_integer=float)
    except DocumentError:
        return

    written = json.dumps(document, allow_nan=False, ensure_ascii=False).encode()
    assert read_json(written, levels=LEVELS, long_integer=float) == document


def test_as_many_levels_as_the_caller_wants_are_read() -> None:
    assert read_json(b'[{"a":[1]}]', levels=4) == [{"a": [1]}]
    with pytest.raises(DocumentError, match="is nested more than 3 levels deep"):
        read_json(b'[{"a":[1]}]', levels=3)


@pytest.mark.parametrize("sign", [b"", b"-"], ids=["positive", "negative"])
def test_an_integer_beyond_64_bits_is_refused_or_read_as_the_caller_says(sign: bytes) -> None:
    fits, too_long = sign + b"9" * 20, sign + b"9" * 21

    assert read_json(fits, levels=1) == int(fits)
    assert read_json(too_long, levels=1, long_integer=float) == float(too_long)
    with pytest.raises(DocumentError, match="has an integer of"):
        read_json(too_long, levels=1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"1e999", "not finite", id="infinite-in-disguise"),
        pytest.param(b"9" * 5000, "not finite", id="infinite-integer"),
        pytest.param(b"[-Infinity]", "is not JSON: -Infinity", id="infinity"),
        pytest.param(b'["\\ud800"]', "half a surrogate pair", id="half-a-character"),
        pytest.param(b'{"\\ud800":1}', "half a surrogate pair", id="half-a-character-in-a-name"),
        pytest.param(b'{"secret":1,"secret":2}', "has a member twice", id="twice"),
        pytest.param(b"[" * 100_000, "is nested", id="deeper-than-the-stack"),
    ],
)
def test_what_only_json_can_spell_is_refused_and_nothing_of_it_repeated(
    content: bytes, reason: str
) -> None:
    with pytest.raises(DocumentError, match=reason) as refused:
        read_json(content, levels=LEVELS, long_integer=float)

    assert "secret" not in str(refused.value)
