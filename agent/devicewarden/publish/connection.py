"""The state of a connection as its publisher goes on; shared by all publishers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from devicewarden.publish.diagnosis import Diagnosis
from devicewarden.publish.publisher import ConnectionState, OnChange


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _tell_nobody(_state: ConnectionState) -> None:
    pass


class Connection:
    """Turns what happens on a connection into its state, and tells of each change."""

    def __init__(
        self, on_change: OnChange | None = None, now: Callable[[], datetime] = _utc_now
    ) -> None:
        self._on_change = on_change or _tell_nobody
        self._now = now
        self.state = ConnectionState(state="stopped", since=now())

    def attempting(self) -> None:
        """An attempt to connect begins."""
        self._become("connecting", attempts=self.state.attempts + 1)

    def failed(self, why: Diagnosis) -> None:
        """An attempt failed, or the connection ended; the next attempt follows."""
        self._become("connecting", last_error=why.message, hint=why.hint)

    def connected(self) -> None:
        """The broker took the connection."""
        connects = self.state.connects + 1
        self._become("connected", attempts=0, connects=connects, last_error="", hint="")

    def refused(self, why: Diagnosis) -> None:
        """The broker refuses something on a connection that stays."""
        self._become(self.state.state, last_error=why.message, hint=why.hint)

    def stopped(self) -> None:
        """The connection ended because we wanted it to."""
        self._become("stopped", last_error="", hint="")

    def _become(
        self, state: Literal["stopped", "connecting", "connected"], **changes: int | str
    ) -> None:
        since = self.state.since if state == self.state.state else self._now()
        self.state = replace(self.state, state=state, since=since, **changes)  # type: ignore[arg-type]  # the names above fix the types
        self._on_change(self.state)
