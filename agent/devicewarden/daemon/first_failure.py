"""A failure that repeats is told once, and told again when it is over."""

from collections import Counter
from collections.abc import Mapping

import structlog


class FirstFailure:
    """The first failure of a kind is a warning, its repeats are debug, recovery is info.

    Args:
        log: where it is told.
    """

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        self._log = log
        self._lasting: Counter[str] = Counter()

    def failed(self, event: str, *, kind: str, **facts: object) -> None:
        """Tell of a failure; `kind` is what recovers as one, a job or a sink."""
        self._lasting[kind] += 1
        tell = self._log.warning if self._lasting[kind] == 1 else self._log.debug
        tell(event, kind=kind, **facts)

    def recovered(self, event: str, *, kind: str, **facts: object) -> None:
        """Tell that a kind works again; silent where it did not fail."""
        failures = self._lasting.pop(kind, 0)
        if failures:
            self._log.info(event, kind=kind, failures=failures, **facts)

    def now_failing(self, event: str, recovery: str, failing: Mapping[str, str]) -> None:
        """Tell of everything that fails at this moment, and of what no longer does.

        Args:
            event: tells of a failure.
            recovery: tells of its end.
            failing: kind -> why.
        """
        for kind in [kind for kind in self._lasting if kind not in failing]:
            self.recovered(recovery, kind=kind)
        for kind, why in failing.items():
            self.failed(event, kind=kind, error=why)

    def forget(self) -> None:
        """Take every kind for recovered, where something else tells so."""
        self._lasting.clear()
