"""Settings written as TOML."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from devicewarden.sandbox.agent_config import merge, to_toml

VALUES = st.one_of(
    st.text(),
    st.booleans(),
    st.integers(min_value=-(2**63), max_value=2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text(), max_size=3),
)
NAMES = st.from_regex(r"[a-z_]{1,9}", fullmatch=True)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), max_size=2))
def test_toml_reads_back_as_it_was_written(
    settings: dict[str, dict[str, str | bool | int | float | list[str]]],
) -> None:
    assert tomllib.loads(to_toml(settings)) == settings


def test_changes_lie_over_the_settings_and_beside_them() -> None:
    merged = merge({"report": {"format": "json", "names": "long"}}, {"report": {"format": "cbor"}})

    assert merged == {"report": {"format": "cbor", "names": "long"}}


def test_change_may_bring_a_section() -> None:
    assert merge({}, {"log": {"level": "debug"}}) == {"log": {"level": "debug"}}
