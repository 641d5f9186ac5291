"""Everything that survives a restart, over one file: what the daemon opens and closes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from devicewarden.config.settings import StateSettings
from devicewarden.state.datapoints import Datapoints
from devicewarden.state.journal import Journal
from devicewarden.state.outbox import Outbox
from devicewarden.state.pruning import Pruning
from devicewarden.state.snapshots import Snapshots
from devicewarden.state.store import Store
from devicewarden.state.takeovers import Takeovers
from devicewarden.state.violations import Violations

if TYPE_CHECKING:
    from devicewarden.state.actions import Actions
    from devicewarden.state.job_memory import JobMemory


class State:
    """The parts of the state file; what is not urgent travels in the transactions of the rest.

    Used by one thread.

    Measured on ext4 (blocks of 4 KiB, journal included), with a report and a datapoint of 20
    metrics each 300 s: 2.2 to 2.5 MB a day reach the disk, 3.0 MB on the first day while the log
    grows; wear-saver 0.7 to 1.0 MB and 1.3 MB. Snapshots of 100 behaviors and of 10 baselines of
    12 KiB add 0.5 to 1 MB; wear-saver 0.1 MB. Without a broker, and so without reports, it is
    1.0 MB; wear-saver 0.5 MB. 14 days of datapoints take 0.5 MB, of which the numbers of a metric
    take 6 bytes each; all of the file stays at 1 MB.

    Attributes:
        reports: ids and outcomes of reports.
        violations: what the evaluator said, and what people think of it.
        outbox: events on their way to sinks.
        datapoints: the history.
        snapshots: what evaluator and baselines remember.
        takeovers: when another client took over the connection.
    """

    def __init__(self, settings: StateSettings, now: Callable[[], datetime]) -> None:
        self._journal = Journal(settings, now)
        self._now = now
        self._pruning = Pruning(timedelta(days=settings.keep_days))
        self.reports = Store(settings, self._journal, now)
        self.outbox = Outbox(self._journal)
        self.violations = Violations(self._journal, self.outbox, now)
        self.datapoints = Datapoints(self._journal)
        self.snapshots = Snapshots(settings, self._journal, now)
        self.takeovers = Takeovers(self._journal, now)

    @property
    def problem(self) -> str:
        """What is not kept as it should be and what to do; empty while all is well."""
        return "; ".join(filter(None, (self._journal.problem, self.snapshots.problem)))

    @cached_property
    def actions(self) -> "Actions":
        """What was thought of, and what became of mitigation actions."""
        # Where nobody mitigates, the daemon never loads this.
        from devicewarden.state.actions import Actions  # noqa: PLC0415  see above

        return Actions(self._journal, self._now)

    @cached_property
    def jobs(self) -> "JobMemory":
        """What was begun for AWS IoT Jobs."""
        # Where no jobs are taken, the daemon never loads this.
        from devicewarden.state.job_memory import JobMemory  # noqa: PLC0415  see above

        return JobMemory(self._journal)

    def tick(self) -> None:
        """Write what has waited long enough, and once a day delete what is old; else do nothing."""
        pruning = self._pruning.due(self._now())
        if pruning is not None:
            self._journal.keep(pruning)
        self._journal.settle_if_due()

    def close(self) -> None:
        """Write what waits and close the file."""
        self.reports.close()


def open_state(settings: StateSettings, now: Callable[[], datetime]) -> State:
    """Open the state file, or go on in memory where that fails: `State.problem` says why.

    Args:
        settings: where the file is and how durable it is.
        now: tells the aware UTC time.
    """
    state = State(settings, now)
    state.reports.load()
    return state
