"""A document is read as AWS reads it, or everything that is wrong with it is told, with places."""

import json
from typing import Any

import pytest

from devicewarden.audit.policy.document import Condition
from devicewarden.audit.policy.parse import MAX_BYTES, parse_policy
from devicewarden.audit.policy.positions import find_positions
from devicewarden.audit.policy.problem import PolicyError

GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}


def document(**changes: Any) -> bytes:
    statement = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()


def refusal(content: bytes) -> list[str]:
    with pytest.raises(PolicyError) as refused:
        parse_policy(content)
    return [f"{problem.path} {problem.reason}" for problem in refused.value.problems]


def test_strings_and_lists_of_one_are_the_same() -> None:
    alone = parse_policy(document())
    listed = parse_policy(document(Action=["iot:Connect"], Resource=["*"]))

    assert alone.statements == listed.statements


def test_a_statement_alone_is_a_list_of_one() -> None:
    policy = parse_policy(json.dumps({"Statement": GOOD}))

    assert [each.actions for each in policy.statements] == [("iot:Connect",)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_changes_nothing(encoding: str) -> None:
    text = document(Resource="arn:aws:iot:r:1:client/é").decode()

    assert parse_policy(text.encode(encoding)).statements == parse_policy(text).statements


def test_conditions_are_read_flat_with_values_as_text() -> None:
    block = {"Bool": {"iot:Connection.Thing.IsAttached": True}, "NumericLess": {"n": [1, "2"]}}

    (statement,) = parse_policy(document(Condition=block)).statements

    assert statement.conditions == (
        Condition(operator="Bool", key="iot:Connection.Thing.IsAttached", values=("true",)),
        Condition(operator="NumericLess", key="n", values=("1", "2")),
    )


def test_principals_are_passed_over_and_need_no_resource() -> None:
    trust = document(Principal={"Service": "credentials.iot.amazonaws.com"}, Resource=...)

    (statement,) = parse_policy(trust).statements

    assert statement.resources == ()


def test_a_statement_tells_where_it_begins() -> None:
    text = """{
  "Statement": [
    {"Effect":"Deny","Action":"*","Resource":"*"},
      {"Sid":"B","Effect":"Allow","Action":"*","Resource":"*"}
]}"""

    policy = parse_policy(text)

    assert [(s.line, s.column, s.sid) for s in policy.statements] == [(3, 5, ""), (4, 7, "B")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"Effect": "allow"},
            '$.Statement[0].Effect must be Allow or Deny, not "allow"',
            id="effect in other case",
        ),
        pytest.param({"Effect": ...}, "$.Statement[0] has no Effect", id="no effect"),
        pytest.param({"Effect": None},
                     "$.Statement[0].Effect must be Allow or Deny, not this value",
                     id="null effect"),
        pytest.param({"Action": ...}, "$.Statement[0] has neither Action nor NotAction",
                     id="no action"),
        pytest.param({"Resource": ...}, "$.Statement[0] has neither Resource nor NotResource",
                     id="no resource"),
        pytest.param({"NotAction": "s3:*"}, "$.Statement[0] has both Action and NotAction",
                     id="both twins"),
        pytest.param({"Action": []}, "$.Statement[0].Action is empty", id="empty list"),
        pytest.param({"Action": "Connect"},
                     '$.Statement[0].Action "Connect" must be * or SERVICE:ACTION',
                     id="no service"),
        pytest.param({"Resource": ["*", 1]},
                     "$.Statement[0].Resource[1] must be a string of Unicode characters",
                     id="number"),
        pytest.param({"Resource": "\ud800"},
                     "$.Statement[0].Resource must be a string of Unicode characters",
                     id="half a character"),
        pytest.param({"Resourse": "*"},
                     "$.Statement[0].Resourse is not taken by AWS (did you mean Resource?)",
                     id="misspelt"),
        pytest.param({"Sid": 1}, "$.Statement[0].Sid must be a string", id="sid"),
        pytest.param({"Condition": []}, "$.Statement[0].Condition must be an object",
                     id="condition list"),
        pytest.param({"Condition": {"Bool": "x"}},
                     "$.Statement[0].Condition.Bool must be an object", id="operator text"),
        pytest.param({"Condition": {"Bool": {"k": {}}}},
                     "$.Statement[0].Condition.Bool.k must be a string, or a list of strings",
                     id="condition value"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_path(changes: dict[str, Any], expected: str) -> None:
    assert refusal(document(**changes)) == [expected]


def test_all_that_is_wrong_is_told_at_once() -> None:
    broken = {"Version": "2012", "Statement": [{"Effect": "Alow"}, 7], "Stuff": 1}

    told = refusal(json.dumps(broken).encode())

    assert told == [
        "$.Stuff is not taken by AWS",
        '$.Version must be 2012-10-17 or 2008-10-17, not "2012"',
        "$.Statement[0] has neither Action nor NotAction",
        "$.Statement[0] has neither Resource nor NotResource",
        '$.Statement[0].Effect must be Allow or Deny, not "Alow"',
        "$.Statement[1] must be an object",
    ]


def test_a_member_given_twice_is_refused_for_readers_differ_on_which_one_counts() -> None:
    twice = '{"Statement":[{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}]}'

    assert refusal(twice.encode()) == ["$.Statement[0].Effect stands more than once"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "is not JSON", id="empty"),
        pytest.param(b"[]", "must be an object", id="list"),
        pytest.param(b"{}", "has no Statement", id="nothing"),
        pytest.param(b'{"Statement":[]}', "is empty", id="no statement"),
        pytest.param(b'{"Statement":NaN}', "is not JSON: NaN", id="not a number"),
        pytest.param(b"\xff\xfe{\x00}\x00", "is not UTF-8", id="UTF-16"),
        pytest.param(b" " * (MAX_BYTES + 1), f"more than {MAX_BYTES}", id="too long"),
    ],
)
def test_what_is_no_policy_is_refused(content: bytes, reason: str) -> None:
    (told,) = refusal(content)

    assert reason in told


def test_a_syntax_error_tells_its_line() -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy('{\n "Statement": [\n  {,}\n]}')

    (problem,) = refused.value.problems
    assert (problem.line, problem.column) == (3, 4)


def test_positions_are_those_of_values_whatever_stands_in_strings() -> None:
    text = '{"a{\\"]": "[,:}",\n "b": [1, {"c": null}]}'

    found = find_positions(text, deepest=9)

    assert {path: text[at : at + 4] for path, at in found.offsets.items()} == {
        (): '{"a{',
        ('a{"]',): '"[,:',
        ("b",): "[1, ",
        ("b", 0): "1, {",
        ("b", 1): '{"c"',
        ("b", 1, "c"): "null",
    }
