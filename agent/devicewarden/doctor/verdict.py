"""What one look says."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One answer of the doctor.

    Attributes:
        name: what was looked at; one word, the same in every version.
        status: `skipped` where the question makes no sense before something else is well.
        message: what was seen.
        hint: what the operator can do about it; empty where nothing needs to be done.
    """

    name: str
    status: Status
    message: str
    hint: str = ""


def ok(name: str, message: str, hint: str = "") -> Verdict:
    """All is well; a hint says what could be better still."""
    return Verdict(name=name, status="ok", message=message, hint=hint)


def warning(name: str, message: str, hint: str = "") -> Verdict:
    """The agent works, and something should be looked after."""
    return Verdict(name=name, status="warning", message=message, hint=hint)


def failed(name: str, message: str, hint: str = "") -> Verdict:
    """The agent does not do what it is configured for."""
    return Verdict(name=name, status="failed", message=message, hint=hint)


def skipped(name: str, message: str) -> Verdict:
    """There is no answer; the message says why."""
    return Verdict(name=name, status="skipped", message=message)
