"""The life of a violation: quiet, in alarm, and quiet again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from devicewarden.model.behavior import Behavior, MachineLearning
from devicewarden.model.violation import (
    ActiveViolation,
    DatapointValue,
    ViolationEvent,
    ViolationType,
)


class Judged(NamedTuple):
    """A datapoint, and whether it violates.

    Attributes:
        context: tells what decided, in JSON values; asked only where there is an event.
    """

    at: datetime
    value: DatapointValue
    violates: bool
    context: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Active:
    """A violation that is in alarm.

    Attributes:
        violation_id: the same in all its events.
        started_at: when it was raised.
        last_at: time of the latest violating datapoint.
        last_value: that datapoint.
    """

    violation_id: str
    started_at: datetime
    last_at: datetime
    last_value: DatapointValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Where one behavior stands.

    Attributes:
        run: datapoints in a row towards the next event: violating ones while it is quiet,
            conforming ones while in alarm.
        first_at: time of the first violating datapoint of the run, or of the run that raised it.
        active: the violation; None while quiet.
    """

    run: int = 0
    first_at: datetime | None = None
    active: Active | None = None


QUIET: Final = Alarm()


def step(
    alarm: Alarm, datapoint: Judged, behavior: Behavior, new_id: Callable[[], str]
) -> tuple[Alarm, ViolationType | None]:
    """Take one datapoint: `to_alarm` violating ones in a row raise, `to_clear` conforming clear.

    Violating datapoints in alarm move its latest time and value, without an event.
    """
    if alarm.active is not None:
        return _step_in_alarm(alarm, alarm.active, datapoint, behavior.to_clear)
    if not datapoint.violates:
        return QUIET, None
    run, first_at = alarm.run + 1, alarm.first_at or datapoint.at
    if run < behavior.to_alarm:
        return Alarm(run=run, first_at=first_at), None
    active = Active(
        violation_id=new_id(),
        started_at=datapoint.at,
        last_at=datapoint.at,
        last_value=datapoint.value,
    )
    return Alarm(first_at=first_at, active=active), "in-alarm"


def _step_in_alarm(
    alarm: Alarm, active: Active, datapoint: Judged, to_clear: int
) -> tuple[Alarm, ViolationType | None]:
    if datapoint.violates:
        latest = replace(active, last_at=datapoint.at, last_value=datapoint.value)
        return replace(alarm, run=0, active=latest), None
    if alarm.run + 1 < to_clear:
        return replace(alarm, run=alarm.run + 1), None
    return QUIET, "alarm-cleared"


class Lifecycle:
    """One behavior on one device, from datapoint to datapoint.

    Attributes:
        alarm: where it stands.
    """

    __slots__ = ("_new_id", "_thing", "alarm", "behavior", "profile")

    def __init__(
        self, thing: str, profile: str, behavior: Behavior, new_id: Callable[[], str]
    ) -> None:
        self._thing = thing
        self._new_id = new_id
        self.profile = profile
        self.behavior = behavior
        self.alarm = QUIET

    def take(self, datapoint: Judged) -> list[ViolationEvent]:
        """Take one datapoint, and tell what came of it."""
        before = self.alarm
        if before is QUIET and not datapoint.violates:
            return []
        self.alarm, kind = step(before, datapoint, self.behavior, self._new_id)
        active = self.alarm.active or before.active
        if kind is None or active is None:
            return []
        return [
            self._event(
                active.violation_id,
                kind,
                datapoint.at,
                value=datapoint.value,
                context={**_first_seen(self.alarm, before), **datapoint.context()},
            )
        ]

    def touch(self, at: datetime) -> None:
        """Note that what raised the alarm is still there."""
        active = self.alarm.active
        if active is not None and active.last_at != at:
            self.alarm = replace(self.alarm, run=0, active=replace(active, last_at=at))

    def invalidate(self, at: datetime, reason: str) -> list[ViolationEvent]:
        """End a violation of which nobody can tell any more whether it goes on."""
        before, self.alarm = self.alarm, QUIET
        if before.active is None:
            return []
        context = {**_first_seen(before, before), "reason": reason}
        return [
            self._event(
                before.active.violation_id, "alarm-invalidated", at, value=None, context=context
            )
        ]

    def active(self) -> ActiveViolation | None:
        """Tell the violation that is in alarm, if there is one."""
        active = self.alarm.active
        if active is None:
            return None
        return ActiveViolation(
            violation_id=active.violation_id,
            thing=self._thing,
            profile=self.profile,
            behavior=self.behavior,
            started_at=active.started_at,
            last_at=active.last_at,
            last_value=active.last_value,
            confidence=_confidence(self.behavior),
        )

    def _event(
        self,
        violation_id: str,
        kind: ViolationType,
        at: datetime,
        *,
        value: DatapointValue | None,
        context: Mapping[str, Any],
    ) -> ViolationEvent:
        return ViolationEvent(
            violation_id=violation_id,
            thing=self._thing,
            profile=self.profile,
            behavior=self.behavior,
            kind=kind,
            at=at,
            value=value,
            confidence=_confidence(self.behavior),
            context=context,
        )


def _first_seen(now: Alarm, before: Alarm) -> dict[str, str]:
    first_at = now.first_at or before.first_at
    return {} if first_at is None else {"first_seen": first_at.isoformat()}


def _confidence(behavior: Behavior) -> Any:
    criteria = behavior.criteria
    return criteria.confidence if isinstance(criteria, MachineLearning) else None
