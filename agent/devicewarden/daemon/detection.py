"""Detect in the daemon: every sample is judged, and what comes of it is recorded and told."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from devicewarden.config.loaded_profiles import NOTHING, LoadedProfiles
from devicewarden.config.settings import Settings
from devicewarden.daemon.blame import FindsOwners, owners_of
from devicewarden.daemon.remembering import Remembering, stray_ended
from devicewarden.detect.evaluate import Evaluator
from devicewarden.detect.observe import Observation, Observer, OwnConnection
from devicewarden.detect.shape import message
from devicewarden.detect.trial import Doubt
from devicewarden.model.metric import (
    DESTINATIONS,
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    Destinations,
    Metrics,
    Sample,
)
from devicewarden.model.violation import ViolationEvent
from devicewarden.state.state import State
from devicewarden.state.violation_records import Filter, Step

log = structlog.get_logger()

_LISTS: Final = frozenset({LISTENING_TCP_PORTS, LISTENING_UDP_PORTS, DESTINATIONS})


class Detection:
    """Judges the device by its security profiles.

    Attributes:
        loaded: profiles in force, and what is wrong with the others.
        evaluator: judges.
        sinks: names of those who are told.
        sockets_missed: those that came and went unseen since the start, so that nobody judged where
            they led to.
        on_events: called after events were recorded, to wake whoever delivers them.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        state: State,
        owners: FindsOwners,
        now: Callable[[], datetime],
    ) -> None:
        self.sinks: tuple[str, ...] = ()
        self.sockets_missed = 0
        self.on_events: Callable[[], None] = lambda: None
        self._settings = settings
        self._state = state
        self._owners = owners
        self._now = now
        self._observer = Observer(include_loopback=settings.report.include_loopback)
        self._sample: Sample | None = None
        self._strays_ended = False
        self.loaded = self._load(NOTHING)
        self.evaluator = Evaluator(
            self.loaded.profiles,
            thing=settings.thing.name,
            datapoint_s=settings.detect.datapoint_s,
            new_id=lambda: os.urandom(16).hex(),
        )
        self._remembering = Remembering(self.evaluator, state)
        self._remembering.restore()
        self._doubted = self._named_doubts().keys()

    @property
    def watches_lists(self) -> bool:
        """Tell whether a behavior judges ports or destinations, so that short ones matter."""
        return any(b.metric in _LISTS for p in self.loaded.profiles for b in p.behaviors)

    def look(self, sample: Sample, moved: Metrics | None, own: OwnConnection | None) -> None:
        """Judge a quiet sample, and the traffic and the agent's own messages since the last."""
        self._sample = sample
        if isinstance(reached := sample.values.get(DESTINATIONS), Destinations):
            self.sockets_missed += reached.missed
        self._judge(self._observer.observe(sample, moved, own))
        self._state.tick()

    def look_slow(self, sample: Sample) -> None:
        """Judge what is read once for each report: connections and custom metrics."""
        self._judge(self._observer.observe(sample))
        self._remembering.apply_verifications()

    def reload(self, settings: Settings, owners: FindsOwners) -> None:
        """Take changed settings and profiles; a broken file leaves its last good one in force."""
        self._settings, self._owners = settings, owners
        self._observer = Observer(include_loopback=settings.report.include_loopback)
        self.loaded = self._load(self.loaded)
        self._record(self.evaluator.reload(self.loaded.profiles, self._now()))
        self._remembering.take_imports()
        # So that `baseline show` and `export` after a reload tell of now.
        self._remembering.save_baselines()

    def close(self) -> None:
        """Keep where everything stands."""
        self._remembering.save()
        self._remembering.save_baselines()

    def _judge(self, observation: Observation) -> None:
        evaluation = self.evaluator.observe(observation)
        if not self._strays_ended:
            self._strays_ended = True
            self._end_strays({event.violation_id for event in evaluation.events})
        if evaluation.datapoints:
            self._state.datapoints.append(evaluation.datapoints)
            self._tell_doubts()
        self._record(evaluation.events)
        self._remembering.save_if_due()

    def _tell_doubts(self) -> None:
        """Tell of each behavior once, over restarts too; the status goes on to show it."""
        found = self._named_doubts()
        for name in found.keys() - self._doubted:
            log.warning("behavior_doubted", **found[name]._asdict())
        self._doubted = found.keys()

    def _named_doubts(self) -> dict[tuple[str, str], Doubt]:
        return {(each.profile, each.behavior): each for each in self.evaluator.doubts()}

    def _record(self, events: list[ViolationEvent]) -> None:
        if not events:
            return
        self._remembering.save()
        self._state.violations.record([self._step(event) for event in events], self.sinks)
        self.on_events()

    def _end_strays(self, told: set[str]) -> None:
        """Invalidate violations in alarm in the state file that the evaluator knows nothing of.

        Their snapshot was lost, so nothing would ever clear them.
        """
        known = told | {active.violation_id for active in self.evaluator.active()}
        strays = [
            stray_ended(found, self._settings.thing.name, self._now())
            for found in self._state.violations.find(Filter(active=True))
            if found.violation_id not in known
        ]
        if strays:
            log.warning("violations_without_memory_ended", violations=len(strays))
            self._state.violations.record(strays, self.sinks)
            self.on_events()

    def _step(self, event: ViolationEvent) -> Step:
        if event.kind == "in-alarm" and self._sample is not None:
            owners = owners_of(event, self._sample, self._owners)
            event = replace(event, context={**event.context, "owners": owners})
        return Step(
            violation_id=event.violation_id,
            profile=event.profile,
            behavior=event.behavior.name,
            kind=event.kind,
            at=event.at,
            suppressed=event.behavior.suppressed,
            simulated=event.profile in self._settings.detect.simulate,
            document=json.dumps(message(event)),
        )

    def _load(self, last: LoadedProfiles) -> LoadedProfiles:
        detect = self._settings.detect
        folder = Path(detect.profiles_dir)
        if not detect.enabled or not folder.is_dir():
            return NOTHING
        # Half a megabyte that a device without profiles does not need.
        from devicewarden.config.profile_folder import (  # noqa: PLC0415  see above
            known_types,
            load_profiles,
        )

        loaded = load_profiles(
            folder,
            thing_groups=detect.thing_groups,
            custom_types=known_types(self._settings.custom_metrics),
            last=last,
        )
        for file, problems in loaded.problems.items():
            for problem in problems:
                write = log.warning if problem.severity == "error" else log.info
                write("profile_problem", file=file, path=problem.path, reason=problem.reason)
        return loaded
