"""Regular expressions from the configuration: what cannot compile or can stall is refused."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.config.patterns import redactions
from devicewarden.config.settings import DetectSettings, Settings


def reasons(*patterns: str) -> list[str]:
    detect = replace(DetectSettings(), redact=patterns)
    return [fault.message for fault in redactions(Settings(detect=detect))]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*$",
        "(?:a|b?)+?$",
        "(?P<x>\\w+\\s?)*$",
        "((ab?){3}c)*$",
        "(a{1,9}){10}$",
        "(?=(x+x+)+y)",
        "(?i:(a+)+)$",
        "(?>(a+)+b)",
        "(a)?(?(1)(b+)+|c)$",
    ],
)
def test_a_repeated_repetition_is_refused(pattern: str) -> None:
    [reason] = reasons(pattern)

    assert reason.endswith("repeats a repetition, which can stall the agent")


@pytest.mark.parametrize(
    "pattern",
    [
        *DetectSettings().redact,
        r"(\d{1,3}\.){3}\d{1,3}",
        r"(--\w+[= ]\S+ ?){1,9}",
        r"(?:[0-9a-f]{2}:)+",
        r"(pass(word)?|token)[=:]\S+( \S+)?",
        r"(?>a+)+",
        r"(?:a++)+",
        r".*key=.*",
        "",
    ],
)
def test_ordinary_patterns_are_taken(pattern: str) -> None:
    assert reasons(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(", "unterminated"),
        ("a{99999999999}", "is no regular expression"),
        ("(" * 5000 + ")" * 5000, "is no regular expression"),
        ("\x1b[", "is no regular expression"),
    ],
    ids=["open", "large", "deep", "control code"],
)
def test_what_does_not_compile_is_refused_with_the_reason(pattern: str, why: str) -> None:
    [reason] = reasons(pattern)

    assert why in reason
    assert reason.isprintable()


def test_each_pattern_is_judged_and_named_by_its_place() -> None:
    detect = replace(DetectSettings(), redact=("ok", "(a+)+", "("))

    faults = list(redactions(Settings(detect=detect)))

    assert [fault.paths for fault in faults] == [
        (("detect", "redact", 1),),
        (("detect", "redact", 2),),
    ]


# Brackets within brackets may one day mean something else.
@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(pattern=st.text(alphabet="ab()[]|*+?{}1,9\\\\w^$.:=<>!", max_size=30))
def test_any_text_is_judged(pattern: str) -> None:
    judged = reasons(pattern)

    if not judged:
        re.compile(pattern)
