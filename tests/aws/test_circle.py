"""Lists that never end are told from long ones."""

from hypothesis import given
from hypothesis import strategies as st

from devicewarden.aws.circle import Circle


@given(before=st.integers(0, 200), length=st.integers(1, 200))
def test_a_circle_is_found_soon(before: int, length: int) -> None:
    circle = Circle()
    tokens = [f"a{n}" for n in range(before)]
    tokens += [f"b{n % length}" for n in range(3 * (before + length) + 3)]

    assert any(circle.closes(token) for token in tokens)


@given(tokens=st.lists(st.text(), unique=True, max_size=300))
def test_a_list_that_ends_is_no_circle(tokens: list[str]) -> None:
    circle = Circle()

    found = [circle.closes(token) for token in [*tokens, None]]

    assert not any(found)
