"""Questions about patterns have the answers that trying all short strings gives."""

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devicewarden.audit.policy.glob import (
    FRESH,
    Pattern,
    action_pattern,
    automaton,
    resource_pattern,
)
from devicewarden.audit.policy.problem import Effort, PolicyError
from devicewarden.audit.policy.search import Question, covers, exists, overlap

TEXTS = st.text("ab*?", max_size=3)
WORDS = ["".join(word) for length in range(8) for word in product("abz", repeat=length)]
"""`z` stands for every letter that no pattern has; three tokens tell no longer words apart."""


def matches(text: str, word: str) -> bool:
    """Match by trying everything; the reference."""
    if not text:
        return not word
    if text[0] == "*":
        return matches(text[1:], word) or (bool(word) and matches(text, word[1:]))
    return bool(word) and text[0] in {"?", word[0]} and matches(text[1:], word[1:])


@given(TEXTS, st.text("abz", max_size=6))
def test_matching_is_what_trying_everything_says(text: str, word: str) -> None:
    assert automaton([resource_pattern(text)]).matches(word) == matches(text, word)


@settings(deadline=None)
@given(TEXTS, TEXTS)
@example("*a*", "?*a")
@example("?*", "*?")
def test_one_pattern_covers_another_when_it_matches_all_its_strings(whole: str, part: str) -> None:
    expected = all(matches(whole, word) for word in WORDS if matches(part, word))

    assert covers([resource_pattern(whole)], resource_pattern(part), Effort()) == expected


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_patterns_overlap_when_a_string_matches_both(one: str, other: str) -> None:
    expected = any(matches(one, word) and matches(other, word) for word in WORDS)

    assert overlap(resource_pattern(one), resource_pattern(other), Effort()) == expected


@settings(deadline=None)
@given(TEXTS, st.lists(TEXTS, max_size=3), st.lists(TEXTS, min_size=1, max_size=2))
def test_what_is_left_is_what_no_denial_matches(
    granted: str, denied: list[str], one_of: list[str]
) -> None:
    expected = any(
        matches(granted, word)
        and any(matches(each, word) for each in one_of)
        and not any(matches(each, word) for each in denied)
        for word in WORDS
    )

    question = Question(
        inside=[resource_pattern(granted)],
        one_of=[automaton(map(resource_pattern, one_of))],
        outside=automaton(map(resource_pattern, denied)),
    )
    assert exists(question, Effort()) == expected


@pytest.mark.parametrize(
    ("whole", "part", "expected"),
    [
        pytest.param(["?*", ""], "*", True, id="by length"),
        pytest.param(["a*", "b*"], "*", False, id="two letters are not all"),
        pytest.param(["${iot:ClientId}"], "${IOT:clientid}", True, id="one variable, two cases"),
        pytest.param(["????????????????"], "${iot:ClientId}", False, id="length of a variable"),
        pytest.param(["?"], "${*}", True, id="one literal star"),
        pytest.param(["${*}"], "*", False, id="a literal star is no wildcard"),
        pytest.param(["*"], "é\U0001f512", True, id="any script"),
        pytest.param(["arn:a:b:*:c:*"], "arn:a:b:x:c:y:z", True, id="colons in the name"),
        pytest.param(["arn:a:b:*:c:y"], "arn:a:b:x:c:x:c:y", False, id="colons in a field"),
    ],
)
def test_variables_and_fields_are_read_as_aws_reads_them(
    *, whole: list[str], part: str, expected: bool
) -> None:
    patterns = list(map(resource_pattern, whole))

    assert covers(patterns, resource_pattern(part), Effort()) is expected


def test_actions_differ_in_case_alone_by_taste_and_have_no_variables() -> None:
    assert action_pattern("IoT:Publ*") == action_pattern("iot:publ*")
    assert "$" in action_pattern("iot:${a}").tokens


def test_fresh_is_matched_by_wildcards_alone() -> None:
    assert automaton([resource_pattern("a?")]).matches(["a", FRESH])
    assert not automaton([resource_pattern("ab")]).matches(["a", FRESH])


def test_effort_ends() -> None:
    endless = [resource_pattern("*a" + "?" * 40 + suffix) for suffix in ("a*", "b*", "*c")]

    with pytest.raises(PolicyError, match="more than 5000 steps"):
        exists(
            Question(
                inside=[Pattern(("<*>",))], one_of=[automaton(endless)], outside=automaton(endless)
            ),
            Effort(5000),
        )
