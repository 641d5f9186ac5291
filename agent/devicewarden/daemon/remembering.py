"""What Detect remembers over a restart, and what it learns from people."""

import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any, Final

import structlog

from devicewarden.detect.evaluate import Evaluator
from devicewarden.detect.learned import baseline_name, parse_baseline_name
from devicewarden.detect.shape import parse_metric_value
from devicewarden.model.behavior import Behavior
from devicewarden.model.errors import BaselineError
from devicewarden.model.violation import Datapoint, ViolationEvent
from devicewarden.state.snapshots import Snapshot
from devicewarden.state.state import State
from devicewarden.state.violation_records import Step, Verified, Violation

log = structlog.get_logger()

_NAME: Final = "evaluator"
_VERSION: Final = 1
_HISTORY_BEFORE: Final = timedelta(hours=6)
"""Machine learning wants to know what led to an alarm that it is to forgive."""


class Remembering:
    """Keeps an evaluator's standing and baselines in the state file."""

    def __init__(self, evaluator: Evaluator, state: State) -> None:
        self._evaluator = evaluator
        self._state = state

    def restore(self) -> None:
        """Go on where the last process stopped; what is damaged is told and begins anew."""
        self._state.snapshots.take_imports()
        kept = self._state.snapshots.load("evaluator", _NAME, _VERSION)
        if kept is not None:
            try:
                self._evaluator.restore(json.loads(kept), _revived)
            except (ValueError, BaselineError) as error:
                log.warning("detection_starts_anew", error=str(error))
        for name in self._state.snapshots.names("baseline"):
            packed = self._state.snapshots.load("baseline", name, _VERSION)
            if packed is not None:
                self.learn(name, packed)

    def learn(self, name: str, packed: bytes) -> bool:
        """Take a baseline; False: damaged, or nobody wants it."""
        try:
            return self._evaluator.learned.load(parse_baseline_name(name), packed)
        except BaselineError as error:
            log.warning("baseline_not_taken", baseline=name, error=str(error))
            return False

    def take_imports(self) -> None:
        """Learn what `devicewarden baseline import` and `reset` left for us."""
        for name, packed in self._state.snapshots.take_imports().items():
            if packed:
                self.learn(name, packed)
                continue
            with contextlib.suppress(BaselineError):
                self._evaluator.learned.reset(parse_baseline_name(name))

    def save(self) -> None:
        """Keep where every behavior stands."""
        data = json.dumps(self._evaluator.snapshot()).encode()
        self._state.snapshots.save("evaluator", {_NAME: Snapshot(_VERSION, data)})

    def save_baselines(self) -> None:
        """Keep what was learnt."""
        packed = self._evaluator.learned.dump()
        named = {baseline_name(key): Snapshot(_VERSION, data) for key, data in packed.items()}
        self._state.snapshots.save("baseline", named)

    def save_if_due(self) -> None:
        """Keep what has changed for long enough; the disk is not written at every sample."""
        if self._state.snapshots.due("evaluator"):
            self.save()
        if self._state.snapshots.due("baseline"):
            self.save_baselines()

    def apply_verifications(self) -> None:
        """Learn from what people said of violations since the last call."""
        for verified in self._state.violations.unapplied_verifications():
            alarm = _alarm(verified)
            if verified.verification == "FALSE_POSITIVE" and alarm is not None:
                forgiven = self._evaluator.forgive(
                    alarm, self._history_of(alarm, verified.ended_at)
                )
                log.info("violation_forgiven", behavior=verified.behavior, learns=forgiven)
                self.save()
                self.save_baselines()
            self._state.violations.mark_applied(verified)

    def _history_of(self, alarm: ViolationEvent, ended_at: datetime | None) -> list[Datapoint]:
        """Read what led to an alarm and what it was about, and nothing that came after it."""
        since = self._state.datapoints.since(alarm.at - _HISTORY_BEFORE)
        until = takewhile(lambda point: ended_at is None or point.at <= ended_at, since)
        return [point for point in until if point.metric == alarm.behavior.metric]


def stray_ended(violation: Violation, thing: str, at: datetime) -> Step:
    """Make the end of a violation whose evaluator's memory was lost, in AWS's shape."""
    told = {
        "violationEventTime": round(at.timestamp() * 1000),
        "thingName": thing,
        "behavior": {"name": violation.behavior},
        "violationEventType": "alarm-invalidated",
        "violationId": violation.violation_id,
        "securityProfileName": violation.profile,
        "context": {"reason": "the agent lost its memory of it"},
    }
    return Step(
        violation_id=violation.violation_id,
        profile=violation.profile,
        behavior=violation.behavior,
        kind="alarm-invalidated",
        at=at,
        suppressed=violation.suppressed,
        simulated=violation.simulated,
        document=json.dumps(told),
    )


def _revived(document: Mapping[str, Any]) -> Behavior | None:
    # Half a megabyte that a device without violations does not need.
    from devicewarden.config.profile import parse_profile  # noqa: PLC0415  see above

    profile = parse_profile([dict(document)], name="kept").profile
    return profile.behaviors[0] if profile and profile.behaviors else None


def _alarm(verified: Verified) -> ViolationEvent | None:
    """Read an in-alarm event back from its message; None: the file holds none."""
    try:
        told = json.loads(verified.document)
        behavior = _revived(told["behavior"])
        if behavior is None:
            return None
        return ViolationEvent(
            violation_id=verified.violation_id,
            thing=str(told["thingName"]),
            profile=verified.profile,
            behavior=behavior,
            kind="in-alarm",
            at=datetime.fromtimestamp(told["violationEventTime"] / 1000, UTC),
            value=parse_metric_value(behavior.metric, told["metricValue"]),
            confidence=None,
            context=dict(told.get("context", {})),
        )
    except (ValueError, LookupError, TypeError, BaselineError):
        return None
