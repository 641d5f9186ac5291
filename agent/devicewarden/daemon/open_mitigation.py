"""Puts mitigation beside the other parts of the agent, for events and for jobs."""

from collections.abc import Callable, MutableMapping
from datetime import datetime

from devicewarden.config.settings import Settings
from devicewarden.daemon.action_jobs import ActionJobs
from devicewarden.daemon.around import Around
from devicewarden.daemon.detection import Detection
from devicewarden.daemon.mitigating import Mitigation
from devicewarden.daemon.way import Way
from devicewarden.state.state import State


def open_mitigation(
    state: State,
    detection: Detection,
    way: Way,
    trouble: MutableMapping[str, str],
    *,
    settings: Callable[[], Settings],
    now: Callable[[], datetime],
) -> tuple[Mitigation, ActionJobs]:
    """Make it, and have Detect wake it too; and what jobs have done about actions."""
    tell = detection.on_events
    around = Around(
        settings=settings,
        sinks=lambda: detection.sinks,
        connected=lambda: way.link is not None and way.link.connected,
        woken=tell,
        trouble=trouble,
        now=now,
    )
    mitigation = Mitigation(state, around)

    def wake_both() -> None:
        tell()
        mitigation.wake()

    detection.on_events = wake_both
    return mitigation, ActionJobs(around, mitigation.plan_for_job)
