"""Lines of keys in TOML documents."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from devicewarden.config.fault import KeyPath
from devicewarden.config.lines import key_lines

ROWS: dict[str, tuple[str, dict[KeyPath, int]]] = {
    "plain keys": ("a = 1\n\n# b = 2\nb = 2", {("a",): 1, ("b",): 4}),
    "tables": ("[t]\nx = 1\n[u]\nx = 1", {("t",): 1, ("t", "x"): 2, ("u",): 3, ("u", "x"): 4}),
    "dotted keys": (
        "\na . b.c = 1\na.d = 2",
        {("a",): 2, ("a", "b"): 2, ("a", "b", "c"): 2, ("a", "d"): 3},
    ),
    "dotted table": ("[a.b]\nc=1\n", {("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 2}),
    "quoted keys": (
        '"a.b".\'c d\' = 1\n"\\u0041" = 2',
        {("a.b",): 1, ("a.b", "c d"): 1, ("A",): 2},
    ),
    "inline table": (
        "t = {x = 1, y.z = {w = 2}}\nu = 1",
        {
            ("t",): 1,
            ("t", "x"): 1,
            ("t", "y"): 1,
            ("t", "y", "z"): 1,
            ("t", "y", "z", "w"): 1,
            ("u",): 2,
        },
    ),
    "array over lines": (
        'a = [ # one\n  "x", # ]\n\n  "y",\n]\nb = 1',
        {("a",): 1, ("a", 0): 2, ("a", 1): 4, ("b",): 6},
    ),
    "array of inline tables": (
        "a = [\n{x = 1},\n{x = 2}]",
        {("a",): 1, ("a", 0): 2, ("a", 0, "x"): 2, ("a", 1): 3, ("a", 1, "x"): 3},
    ),
    "array of tables": (
        "[[a.b]]\nx=1\n[[a.b]]\nx=2\n[a.b.c]\ny=3",
        {
            ("a",): 1,
            ("a", "b"): 1,
            ("a", "b", 0): 1,
            ("a", "b", 0, "x"): 2,
            ("a", "b", 1): 3,
            ("a", "b", 1, "x"): 4,
            ("a", "b", 1, "c"): 5,
            ("a", "b", 1, "c", "y"): 6,
        },
    ),
    "strings over lines": (
        'a = """\n[x]\ny = 1\n\\""" """\nb = \'\'\'\nc = "\'\'\'\nd = """q"""""\ne = 1',
        {("a",): 1, ("b",): 5, ("d",): 7, ("e",): 8},
    ),
    "strings with signs in them": (
        'a = "# ] \\" = "\nb = \'}"\'\nc = ["],", \'#\']\nd = 1',
        {("a",): 1, ("b",): 2, ("c",): 3, ("c", 0): 3, ("c", 1): 3, ("d",): 4},
    ),
    "dates and numbers": (
        "a = 1979-05-27 07:32:00 # x\nb = [ 1_0, -inf,\n 07:32:00 ]\nc = 0x1F",
        {("a",): 1, ("b",): 2, ("b", 0): 2, ("b", 1): 2, ("b", 2): 3, ("c",): 4},
    ),
    "nothing": ("", {}),
    "comments alone": ("# a = 1\n", {}),
    "windows line ends": ("a = 1\r\n\r\n[t]\r\nb = 2\r\n", {("a",): 1, ("t",): 3, ("t", "b"): 4}),
}


@pytest.mark.parametrize(("text", "expected"), ROWS.values(), ids=ROWS)
def test_each_key_is_found_on_its_line(text: str, expected: dict[KeyPath, int]) -> None:
    tomllib.loads(text)

    lines = key_lines(text)

    assert lines == expected


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    if not isinstance(value, dict | list):
        return {path}
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    return {path} | {found for step, inner in steps for found in paths(inner, (*path, step))}


PIECES = st.sampled_from(
    [
        *("a", "b", '"c.d"', "'e'", ".", " = ", "=", "\n", "\n", "[", "]", "[[", "]]", "{", "}"),
        *(", ", "1", "true", '"s#"', '"""x\n"""', "'''\n\"'''", "# z\n", "1.5", '"\\"" '),
        *("a = 1\n", "[a]\n", "[[b]]\n", "b.a = [1, [2]]\n", "x = {y = 1, z = [{}]}\n"),
    ]
)


@effort(deadline=None)
@given(st.lists(PIECES, max_size=20).map("".join))
def test_every_key_that_tomllib_sees_has_a_line(text: str) -> None:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return

    lines = key_lines(text)

    assert {(), *lines} == paths(values)
