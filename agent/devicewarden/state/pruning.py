"""Deletes what is old, and slowly: a wrong clock makes all that was ever kept old.

Without a battery a clock is years behind until the network is up, and a bad one may be years ahead
for as long as there is no network. So it is believed once it went on for an hour without a jump,
and even then a pass deletes no more than two days of what was kept.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from devicewarden.state import action_tables, datapoints, outbox, reports, violation_tables

_EVERY: Final = timedelta(days=1)
_JUMP: Final = timedelta(days=1)
"""So much is no way for a clock to go on from one look to the next."""
_BELIEVED_AFTER: Final = timedelta(hours=1)
_BELIEVED_TO_BE_BEHIND_AFTER: Final = timedelta(days=1)
"""It takes longer until datapoints of a time to come are deleted."""


class Pruning:
    """Tells when a pass is due.

    Args:
        keep: age at which history is deleted.
    """

    def __init__(self, keep: timedelta) -> None:
        self._keep = keep
        self._looked_at: datetime | None = None
        self._steady_since: datetime | None = None
        self._pruned_at: datetime | None = None

    def due(self, now: datetime) -> Callable[[sqlite3.Connection], None] | None:
        """Look at the clock; give the work of a pass where one is due."""
        before, self._looked_at = self._looked_at, now
        if before is None or self._steady_since is None or abs(now - before) > _JUMP:
            self._steady_since = now
        steady = now - self._steady_since
        if steady < _BELIEVED_AFTER:
            return None
        if self._pruned_at is not None and abs(now - self._pruned_at) < _EVERY:
            return None
        self._pruned_at = now
        oldest = now - self._keep
        newest = now + _EVERY if steady >= _BELIEVED_TO_BE_BEHIND_AFTER else None

        def work(db: sqlite3.Connection) -> None:
            violation_tables.forget_old(db, now)
            action_tables.forget_old(db, now)
            outbox.drop_old(db, now)
            datapoints.prune(db, oldest, newest)
            reports.prune(db, oldest)

        return work
