"""The books of traffic: nothing twice, nothing lost, nothing negative."""

from hypothesis import given
from hypothesis import strategies as st

from devicewarden.daemon.ledger import Ledger
from devicewarden.model.metric import NO_TRAFFIC, Traffic

traffics = st.builds(Traffic, *[st.integers(min_value=0, max_value=2**64)] * 4)


def test_first_report_carries_no_traffic() -> None:
    assert Ledger().count(Traffic(1, 2, 3, 4)).due() is None


def test_traffic_before_the_first_report_is_never_due() -> None:
    ledger = Ledger().count(Traffic(1, 2, 3, 4)).opened()

    assert ledger.due() == NO_TRAFFIC


@given(st.lists(st.tuples(traffics, st.booleans()), min_size=1, max_size=30))
def test_what_is_accepted_and_what_is_still_due_add_up_to_what_was_counted(
    rounds: list[tuple[Traffic, bool]],
) -> None:
    ledger = Ledger().opened()
    accepted = [0, 0, 0, 0]

    for moved, was_accepted in rounds:
        ledger = ledger.count(moved)
        due = ledger.due()
        assert due is not None
        if was_accepted:
            accepted = [a + d for a, d in zip(accepted, due, strict=True)]
            ledger = ledger.settled(ledger.counted)

    still_due = ledger.due()
    assert still_due is not None
    total = [sum(column) for column in zip(*(moved for moved, _ in rounds), strict=True)]
    assert [a + d for a, d in zip(accepted, still_due, strict=True)] == total


@given(traffics, traffics)
def test_an_older_settlement_changes_nothing(first: Traffic, second: Traffic) -> None:
    early = Ledger().opened().count(first)
    late = early.count(second)

    settled = late.settled(late.counted)

    assert settled.settled(early.counted) == settled
