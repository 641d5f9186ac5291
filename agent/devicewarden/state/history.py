"""What became of the reports: one record each, and counts over all of them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, assert_never

from devicewarden.model.outcome import Accepted, Acknowledged, Missed, NoReply, Outcome, Rejected
from devicewarden.state.columns import storable

OutcomeName: TypeAlias = Literal["accepted", "acknowledged", "rejected", "no_reply", "missed"]
Row: TypeAlias = tuple[int, int, OutcomeName, str | None, str | None, float | None, int]

_MAX_TEXT: Final = 500
"""Characters kept of a text that the broker or the kernel chose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCounts:
    """How many reports ended in which way."""

    accepted: int = 0
    acknowledged: int = 0
    rejected: int = 0
    no_reply: int = 0
    missed: int = 0

    def __add__(self, other: "OutcomeCounts") -> "OutcomeCounts":
        return OutcomeCounts(
            accepted=self.accepted + other.accepted,
            acknowledged=self.acknowledged + other.acknowledged,
            rejected=self.rejected + other.rejected,
            no_reply=self.no_reply + other.no_reply,
            missed=self.missed + other.missed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRecord:
    """One report and how its sending ended.

    Attributes:
        report_id: its id on the wire.
        ended_at: aware UTC time, kept to the second.
        outcome: how it ended; texts are cut to 500 characters.
        size_bytes: size of the payload.
    """

    report_id: int
    ended_at: datetime
    outcome: Outcome
    size_bytes: int


def name_of(outcome: Outcome) -> OutcomeName:
    """Name an outcome as `OutcomeCounts` and the state file do."""
    match outcome:
        case Accepted():
            return "accepted"
        case Acknowledged():
            return "acknowledged"
        case Rejected():
            return "rejected"
        case NoReply():
            return "no_reply"
        case Missed():
            return "missed"
        case _:
            assert_never(outcome)


def to_row(record: ReportRecord) -> Row:
    """Flatten a record into the columns of table `reports`."""
    code, reason, waited_s = _details(record.outcome)
    return (
        record.report_id,
        int(record.ended_at.timestamp()),
        name_of(record.outcome),
        code,
        reason,
        waited_s,
        record.size_bytes,
    )


def from_row(row: tuple[object, ...]) -> ReportRecord:
    """Rebuild a record from its columns.

    Raises:
        ValueError: no record of ours flattens to this row.
    """
    match row:
        case (int(report_id), int(ended_at), name, code, reason, waited_s, int(size_bytes)):
            return ReportRecord(
                report_id=report_id,
                ended_at=_time(ended_at),
                outcome=_outcome(name, code, reason, waited_s),
                size_bytes=size_bytes,
            )
        case _:
            raise ValueError("a report row has columns of wrong types")


def _details(outcome: Outcome) -> tuple[str | None, str | None, float | None]:
    match outcome:
        case Accepted() | Acknowledged():
            return None, None, None
        case Rejected(code, reason):
            return storable(code, _MAX_TEXT), storable(reason, _MAX_TEXT), None
        case NoReply(waited_s):
            return None, None, waited_s
        case Missed(reason):
            return None, storable(reason, _MAX_TEXT), None
        case _:
            assert_never(outcome)


def _outcome(name: object, code: object, reason: object, waited_s: object) -> Outcome:
    match name, code, reason, waited_s:
        case "accepted", None, None, None:
            return Accepted()
        case "acknowledged", None, None, None:
            return Acknowledged()
        case "rejected", str(code), str(reason), None:
            return Rejected(code, reason)
        case "no_reply", None, None, float(waited_s):
            return NoReply(waited_s)
        case "missed", None, str(reason), None:
            return Missed(reason)
        case _:
            raise ValueError("a report row names no outcome")


def _time(epoch_s: int) -> datetime:
    try:
        return datetime.fromtimestamp(epoch_s, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("a report row has an impossible time") from error
