"""No document, however made, does more than be refused; none takes long."""

import json
from typing import Any, NoReturn, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devicewarden.audit.policy.access import Access
from devicewarden.audit.policy.data_plane import broad_data_plane
from devicewarden.audit.policy.glob import action_pattern
from devicewarden.audit.policy.lint import JUDGES, Judge, Linted, lint_policy
from devicewarden.audit.policy.parse import MAX_BYTES, parse_policy
from devicewarden.audit.policy.problem import Effort, PolicyError, PolicyProblem

TEXT = st.one_of(
    st.text("*?+#$/:{}ai\ud800\u00e9", max_size=12),
    st.sampled_from(["iot:*", "iot:Connect", "*", "arn:aws:iot:r:1:client/*", "${iot:ClientId}"]),
)
ODD = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), TEXT)
VALUES = st.one_of(TEXT, st.lists(TEXT, max_size=3), ODD, st.lists(ODD, max_size=2))
CONDITIONS = st.dictionaries(TEXT, st.one_of(st.dictionaries(TEXT, VALUES, max_size=2), ODD))
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": VALUES, "Resource": VALUES},
    optional={"Sid": ODD, "Condition": CONDITIONS, "NotAction": VALUES, "Principal": ODD},
)
DOCUMENTS = st.fixed_dictionaries(
    {"Statement": st.one_of(STATEMENTS, st.lists(st.one_of(STATEMENTS, ODD), max_size=4))},
    optional={"Version": st.one_of(ODD, st.just("2012-10-17")), "Id": ODD},
)


def policy(*statements: dict[str, Any]) -> bytes:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}).encode()


@settings(deadline=None)
@given(DOCUMENTS)
def test_a_document_of_any_shape_is_judged_or_refused(document: object) -> None:
    content = json.dumps(document).encode()

    told = [lint_policy(content, "hostile", kind) for kind in JUDGES]

    assert all(not (each.faults and each.problems) for each in told)
    assert all(json.dumps(str(each), ensure_ascii=False).encode() for each in told)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_bytes_that_are_no_policy_are_refused_with_a_reason(content: bytes) -> None:
    told = lint_policy(content, "hostile")

    assert told.problems[0].reason


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b" " * 10_000_000, id="10 MB"),
        pytest.param(b"[" * (MAX_BYTES - 1), id="deep"),
        pytest.param(b'{"a":' * 10_000, id="deep objects"),
        pytest.param(b"9" * 60_000, id="digits"),
        pytest.param(b'{"Statement": NaN}', id="no number"),
    ],
)
def test_monsters_are_refused_at_the_door(content: bytes) -> None:
    told = lint_policy(content, "monster")

    assert told.problems
    assert not told.faults


def steps(*statements: dict[str, Any]) -> int:
    effort = Effort()
    access = Access([parse_policy(policy(*statements))], effort)
    list(broad_data_plane(access, "${iot:Connection.Thing.ThingName}"))
    return effort.spent


def allow(resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "iot:Publish", "Resource": resource}


def deny(*resources: str) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": "iot:Publish", "Resource": list(resources)}


@pytest.mark.parametrize("shape", ["*a", "*a?", "?*", "**", "${iot:ClientId}*", "*/+"])
def test_steps_grow_with_the_length_of_a_pattern_and_no_faster(shape: str) -> None:
    head = "arn:aws:iot:r:1:topic/x"

    short, long = steps(allow(head + shape * 20 + "b")), steps(allow(head + shape * 80 + "b"))

    assert long <= 5 * short


def test_steps_grow_with_the_number_of_denials_and_no_faster() -> None:
    grant = allow("arn:aws:iot:*:1:topic/*")

    few = steps(grant, deny(*(f"*{i}*a*{i}" for i in range(10))))
    many = steps(grant, deny(*(f"*{i}*a*{i}" for i in range(100))))

    assert many <= 20 * few


def test_actions_are_read_once_for_all_services_that_they_name() -> None:
    actions = [f"s{number}:*" for number in range(200)]
    document = policy({"Effect": "Allow", "Action": actions, "Resource": "*"})

    before = action_pattern.cache_info()
    told = lint_policy(document, "many", "role-alias")
    after = action_pattern.cache_info()

    assert len(told.faults[0].detail) < 200
    assert after.hits + after.misses - before.hits - before.misses < 5 * len(actions)


def test_a_policy_that_asks_for_too_many_steps_is_undecided_and_not_compliant() -> None:
    grant = policy(allow("arn:aws:iot:r:1:topic/*"))
    access = Access([parse_policy(grant)], Effort(20))

    with pytest.raises(PolicyError, match="more than 20 steps"):
        list(broad_data_plane(access, "${iot:Connection.Thing.ThingName}"))


def test_what_cannot_be_decided_is_a_problem_of_the_whole_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def undecided(*_: object) -> NoReturn:
        raise PolicyError("takes too many steps")

    monkeypatch.setitem(cast("dict[str, Judge]", JUDGES), "iot", undecided)

    told = lint_policy(policy(allow("*")), "maze")

    assert told == Linted((), (PolicyProblem(path="$", reason="takes too many steps"),))
