"""Details of what a list names: read several at once, told in order."""

from collections.abc import Iterator
from itertools import count
from threading import Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.audit.account.calls import AbsentError, CallError
from devicewarden.audit.account.each import AHEAD, PATIENCE, Reader
from devicewarden.audit.inventory import Unreadable
from devicewarden.model.errors import AuditError


def squares(workers: int = 2) -> Reader[int, int]:
    return Reader(lambda number: number * number, str, (int,), workers)


def reasons(outcomes: list[int | Unreadable]) -> list[str]:
    return [each.reason for each in outcomes if isinstance(each, Unreadable)]


@given(numbers=st.lists(st.integers(), max_size=60), workers=st.integers(1, 4))
def test_all_are_read_in_the_order_of_the_list(numbers: list[int], workers: int) -> None:
    outcomes = list(squares(workers).each(numbers))

    assert outcomes == [number * number for number in numbers]


def test_a_long_list_is_read_a_few_ahead_and_no_further() -> None:
    numbers = count(1)

    outcomes = squares(2).each(numbers)
    first = next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]  # a generator

    assert first == 1
    assert next(numbers) <= 2 * AHEAD + 1


def test_what_was_deleted_meanwhile_is_left_out() -> None:
    def read(number: int) -> int:
        if number == 2:
            raise AbsentError("gone")
        return number

    outcomes = list(Reader(read, str, (int,), 2).each([1, 2, 3]))

    assert outcomes == [1, 3]


def test_one_that_cannot_be_read_is_told_by_name_and_the_others_are_read() -> None:
    def read(number: int) -> int:
        if number == 2:
            raise AuditError("no certificate", hint="look at it")
        return number

    outcomes = list(Reader(read, lambda n: f"number {n}", (int,), 2).each([1, 2, 3]))

    assert outcomes == [1, Unreadable((int,), "number 2: no certificate (look at it)"), 3]


def test_an_answer_that_lacks_a_member_is_told_by_name() -> None:
    answers: dict[int, dict[str, int]] = {1: {}, 2: {"size": 4}}

    def read(number: int) -> int:
        return answers[number]["size"]

    outcomes = list(Reader(read, str, (int,), 1).each([1, 2]))

    assert outcomes == [Unreadable((int,), "1: the answer has no 'size'"), 4]


def test_a_list_that_ends_early_is_told_behind_what_it_gave() -> None:
    def numbers() -> Iterator[int]:
        yield from range(10)
        raise CallError("no answer")

    outcomes = list(squares().each(numbers()))

    assert outcomes == [*(n * n for n in range(10)), Unreadable((int,), "no answer")]


def test_a_list_that_lacks_a_member_is_told() -> None:
    pages: list[dict[str, int]] = [{}]

    outcomes = list(squares().each(page["numbers"] for page in pages))

    assert reasons(outcomes) == ["the answer has no 'numbers'"]


def test_calls_that_fail_one_after_another_are_given_up() -> None:
    lock, asked = Lock(), 0

    def refuse(_number: int) -> int:
        nonlocal asked
        with lock:
            asked += 1
        raise CallError("iot:DescribeCertificate is not allowed")

    outcomes = list(Reader(refuse, str, (int,), 2).each(range(100_000)))

    assert set(reasons(outcomes)) == {
        "iot:DescribeCertificate is not allowed",
        f"given up after {PATIENCE} failures in a row",
    }
    assert asked <= PATIENCE + 2 * AHEAD


@pytest.mark.parametrize(
    "error", [pytest.param(CallError("throttled"), id="call"), pytest.param(None, id="none")]
)
def test_calls_that_fail_now_and_then_are_not_given_up(error: CallError | None) -> None:
    def read(number: int) -> int:
        if error and number % PATIENCE:
            raise error
        return number

    outcomes = list(Reader(read, str, (int,), 2).each(range(100)))

    assert len(outcomes) == 100


def test_certificates_that_are_none_are_never_given_up() -> None:
    def read(number: int) -> int:
        raise AuditError(f"{number} is no certificate")

    outcomes = list(Reader(read, str, (int,), 2).each(range(50)))

    assert len(outcomes) == 50
