"""How the sending of one report ended: exactly one of these, always."""

from dataclasses import dataclass
from typing import TypeAlias, assert_never


@dataclass(frozen=True, slots=True)
class Accepted:
    """The service parsed the report."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker took the report and no reply is expected (`publish.expect_reply = false`)."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The service refused the report.

    Attributes:
        code: the service's ErrorCode; an open set.
        reason: the service's ErrorMessage.
    """

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoReply:
    """The broker took the report and no reply came within `publish.reply_timeout_s`."""

    waited_s: float


@dataclass(frozen=True, slots=True)
class Missed:
    """The broker did not acknowledge the report; the next one carries the counts."""

    reason: str


Outcome: TypeAlias = Accepted | Acknowledged | Rejected | NoReply | Missed


def describe(outcome: Outcome) -> str:
    """Say the outcome in a few words for people: what became of it, and why."""
    match outcome:
        case Accepted():
            return "accepted"
        case Acknowledged():
            return "acknowledged by the broker"
        case Rejected(code, reason):
            return f"rejected: {code}: {reason}"
        case NoReply(waited_s):
            return f"no reply within {waited_s:g} s"
        case Missed(reason):
            return f"missed: {reason}"
        case _:
            assert_never(outcome)
