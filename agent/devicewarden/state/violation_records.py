"""Violations as the state file knows them: events going in, what stands coming out."""

from dataclasses import dataclass
from datetime import datetime

from devicewarden.model.violation import Verification, ViolationType


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event in the life of a violation.

    Attributes:
        violation_id: the same from in-alarm to cleared or invalidated.
        profile: name of the security profile.
        behavior: name of the behavior in it.
        kind: each happens once to a violation.
        at: aware UTC time, kept to the millisecond.
        suppressed: by its behavior.
        simulated: by the settings.
        document: the whole event as JSON, as sinks deliver it.
    """

    violation_id: str
    profile: str
    behavior: str
    kind: ViolationType
    at: datetime
    suppressed: bool
    simulated: bool
    document: str

    @property
    def event_id(self) -> str:
        """Name the event, at every attempt to record or deliver it the same."""
        return f"{self.violation_id}-{self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A violation as it stands.

    Attributes:
        kind: of its newest event; in-alarm: it lasts.
        opened_at: time of its first event.
        changed_at: time of its newest event.
        verification: what people think of it.
        note: why they do.
    """

    violation_id: str
    profile: str
    behavior: str
    kind: ViolationType
    suppressed: bool
    simulated: bool
    opened_at: datetime
    changed_at: datetime
    verification: Verification
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which violations are wanted; what is None does not matter.

    Attributes:
        since: in alarm, or with an event since then.
        active: only those in alarm.
        profile: name of their security profile.
        kind: of their newest event.
    """

    since: datetime | None = None
    active: bool = False
    profile: str | None = None
    kind: ViolationType | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What people said of a violation, not applied yet.

    Attributes:
        document: the event that raised the alarm, as JSON.
        ended_at: aware UTC time of the event that ended it; None: it is in alarm.
        revision: counts the verifications of this violation.
    """

    violation_id: str
    profile: str
    behavior: str
    verification: Verification
    document: str
    ended_at: datetime | None
    revision: int
