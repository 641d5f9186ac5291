"""Records of reports, flattened and rebuilt."""

from dataclasses import fields
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.model.outcome import Accepted, Acknowledged, Missed, NoReply, Outcome, Rejected
from devicewarden.state.history import OutcomeCounts, ReportRecord, from_row, name_of, to_row

ENDED_AT = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
OUTCOMES: tuple[Outcome, ...] = (
    Accepted(),
    Acknowledged(),
    Rejected("InvalidPayload", "Malformed metrics report"),
    NoReply(10.0),
    Missed("not connected"),
)


def record(outcome: Outcome) -> ReportRecord:
    return ReportRecord(report_id=1772366407, ended_at=ENDED_AT, outcome=outcome, size_bytes=812)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=name_of)
def test_a_record_survives_the_way_through_its_row(outcome: Outcome) -> None:
    rebuilt = from_row(to_row(record(outcome)))

    assert rebuilt == record(outcome)


def test_every_outcome_has_a_count_of_its_own() -> None:
    names = [name_of(outcome) for outcome in OUTCOMES]

    assert names == [field.name for field in fields(OutcomeCounts)]


def test_counts_add_up_by_name() -> None:
    counts = [
        OutcomeCounts(**{name: number})
        for number, name in enumerate((name_of(outcome) for outcome in OUTCOMES), start=1)
    ]

    total = sum(counts, start=OutcomeCounts())

    assert total == OutcomeCounts(accepted=1, acknowledged=2, rejected=3, no_reply=4, missed=5)


@given(code=st.text(alphabet=st.characters()), reason=st.text(alphabet=st.characters()))
def test_any_text_of_a_broker_can_be_stored(code: str, reason: str) -> None:
    row = to_row(record(Rejected(code, reason)))

    assert all(value.encode() is not None for value in row if isinstance(value, str))
    assert isinstance(from_row(row).outcome, Rejected)


def test_a_lone_surrogate_is_replaced() -> None:
    row = to_row(record(Missed("\ud800 no route")))

    assert row[4] == "? no route"


def test_a_long_reason_is_cut() -> None:
    row = to_row(record(Missed("x" * 10_000)))

    assert row[4] == "x" * 500


@pytest.mark.parametrize(
    "row",
    [
        pytest.param((), id="empty"),
        pytest.param((1, 2, "accepted", None, None, None), id="short"),
        pytest.param((None, 2, "accepted", None, None, None, 3), id="no id"),
        pytest.param((1, 2, "bccepted", None, None, None, 3), id="unknown outcome"),
        pytest.param((1, 2, b"accepted", None, None, None, 3), id="outcome in bytes"),
        pytest.param((1, 2, "rejected", None, None, None, 3), id="rejected without reason"),
        pytest.param((1, 2, "no_reply", None, None, "ten", 3), id="wait in words"),
        pytest.param((1, 2**62, "accepted", None, None, None, 3), id="time beyond years"),
    ],
)
def test_a_row_that_no_record_flattens_to_is_refused(row: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="a report row"):
        from_row(row)
