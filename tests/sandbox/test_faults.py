"""The table of faults and how its arguments are read."""

import pytest

from devicewarden.model.errors import AgentError
from devicewarden.sandbox.faults import FAULTS, Fault, find_fault


def test_every_fault_has_a_name_of_its_own() -> None:
    names = [fault.name for fault in FAULTS]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_writes_as_many_arguments_as_it_reads(fault: Fault) -> None:
    assert len(fault.arguments.split()) == len(fault.read)


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["reject", "2"], [2]),
        (["reject", "2", "Throttled"], [2, "Throttled"]),
        (["throttle", "on"], [300.0]),
        (["throttle", "off"], [0.0]),
        (["deny-reports", "on"], [True]),
        (["drop"], []),
        (["revoke", "edge-1"], ["edge-1"]),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_arguments_are_read(words: list[str], values: list[object]) -> None:
    assert find_fault(words[0]).parse(words[1:]) == values


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["reject"], "wrong number"),
        (["reject", "1", "Code", "more"], "wrong number"),
        (["drop", "now"], "wrong number"),
        (["reject", "many"], "many"),
        (["silence", "-1"], "between 0 and"),
        (["cut-after", "9" * 30], "between 0 and"),
        (["throttle", "maybe"], "neither on nor off"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_argument_is_named_with_the_right_usage(words: list[str], complaint: str) -> None:
    with pytest.raises(AgentError, match=complaint) as caught:
        find_fault(words[0]).parse(words[1:])

    assert caught.value.hint == f"say {find_fault(words[0]).usage}"


def test_unknown_fault_is_answered_with_the_known_ones() -> None:
    with pytest.raises(AgentError, match="no fault 'rejct'") as caught:
        find_fault("rejct")

    assert all(fault.name in caught.value.hint for fault in FAULTS)
