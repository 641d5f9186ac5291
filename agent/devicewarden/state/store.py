"""What the daemon remembers over a restart: the last report id, and how its reports ended."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from devicewarden.config.settings import StateSettings
from devicewarden.model.outcome import Outcome
from devicewarden.state import reports
from devicewarden.state.history import OutcomeCounts, ReportRecord, name_of
from devicewarden.state.journal import Journal
from devicewarden.state.reports import Change, Head

_RESERVED_S: Final = {"full": 0, "wear-saver": 1200}
"""How far ahead ids are made durable at once: four reports at the usual interval of 300 s."""

_MAX_WAITING: Final = 4
"""Records that wait for a transaction while ids are reserved ahead."""

_MAX_UNSAVED: Final = 1000
"""Records kept in memory while the file cannot be used: three days of reports."""

_NO_ID_ABOVE: Final = 2**52
"""No clock leads here (Linux's ends in 2262, at 9.2e9 s), so a stored id from here on is none."""


class Store:
    """The state file, and the process's memory in its place while it cannot be used.

    A report costs one transaction: the next id, and the outcome of the report before. With
    `durability = "wear-saver"` it is every fourth report. A file that cannot be used is tried
    anew at each write, and what was remembered meanwhile is written then. Used by one thread.

    Measured on ext4 (blocks of 4 KiB, journal included) with a report each 300 s: 1.7 MB a day
    reach the disk, 3.1 MB on the first day, while the log grows; wear-saver 0.6 MB and 1.5 MB.
    """

    def __init__(
        self, settings: StateSettings, journal: Journal, now: Callable[[], datetime]
    ) -> None:
        self._journal = journal
        self._reserved_s = _RESERVED_S[settings.durability]
        self._now = now
        self._last_id = 0
        self._reserved_up_to = 0
        self._saved_counts = OutcomeCounts()
        self._unsaved_counts = OutcomeCounts()
        self._unsaved: deque[ReportRecord] = deque(maxlen=_MAX_UNSAVED)
        self._last_report: ReportRecord | None = None

    @property
    def problem(self) -> str:
        """Why the state is not kept as it should be and what to do; empty while all is well."""
        return self._journal.problem

    def load(self) -> None:
        """Read what earlier processes left."""
        found = self._journal.read(reports.read)
        if found is not None:
            head, self._last_report = found
            self._saved_counts = head.counts

    def next_report_id(self) -> int:
        """Hand out an id: epoch seconds, but above every id handed out before, by any process.

        It is durable before it is returned, unless `problem` says otherwise.
        """
        report_id = self._after(self._last_id)
        if self._needs_transaction(report_id):
            report_id = self._reserve(report_id)
        self._last_id = report_id
        return report_id

    def record(self, report_id: int, ended_at: datetime, outcome: Outcome, size_bytes: int) -> None:
        """Remember how a report ended; it reaches the disk with the next id, or by `flush`."""
        self._last_report = ReportRecord(
            report_id=report_id, ended_at=ended_at, outcome=outcome, size_bytes=size_bytes
        )
        self._unsaved.append(self._last_report)
        self._unsaved_counts += OutcomeCounts(**{name_of(outcome): 1})

    def counts(self) -> OutcomeCounts:
        """Tell how reports ended since the state file began, those not written yet included."""
        return self._saved_counts + self._unsaved_counts

    def last_report(self) -> ReportRecord | None:
        """Tell the newest report whose end is known, from before a restart too."""
        return self._last_report

    def flush(self) -> None:
        """Write what waits in memory, without handing out an id."""
        if self._unsaved or self._reserved_up_to > self._last_id:
            self._save(self._last_used)
            self._reserved_up_to = 0

    def close(self) -> None:
        """Write what waits in memory and close the file."""
        self.flush()
        self._journal.close()

    def _needs_transaction(self, report_id: int) -> bool:
        return (
            report_id > self._reserved_up_to
            or len(self._unsaved) >= _MAX_WAITING
            or self._journal.overtaken()
        )

    def _reserve(self, wanted: int) -> int:
        ahead_s = self._reserved_s
        head = self._save(lambda stored: self._after(self._last_used(stored)) + ahead_s)
        self._reserved_up_to = 0 if head is None else head.last_id
        return wanted if head is None else head.last_id - ahead_s

    def _last_used(self, stored: int) -> int:
        # What we reserved and did not use is free, unless another process reserved after us.
        return self._last_id if stored == self._reserved_up_to else max(stored, self._last_id)

    def _after(self, last_id: int) -> int:
        clock = int(self._now().timestamp())
        return max(1, clock, last_id + 1 if last_id < _NO_ID_ABOVE else 1)

    def _save(self, last_id: Callable[[int], int]) -> Head | None:
        change = Change(
            records=tuple(self._unsaved),
            counts=self._unsaved_counts,
            last_id=last_id,
        )
        head = self._journal.write(partial(reports.write, change=change))
        if head is not None:
            self._saved_counts = head.counts
            self._unsaved_counts = OutcomeCounts()
            self._unsaved.clear()
        return head
