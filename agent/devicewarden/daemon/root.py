"""Root, as the daemon knows it: a folder to put requests in, which are gone once they are done."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from devicewarden.daemon.first_failure import FirstFailure

if TYPE_CHECKING:
    from devicewarden.mitigate.plan_form import Request

log = structlog.get_logger()
_ANSWERS_S: Final = 60.0


class Root:
    """Asks, and says when nobody answers.

    Args:
        monotonic: seconds that never go back.
        state_dir: tells the daemon's own folder.

    Attributes:
        asked: something was asked for that is not done yet.
    """

    def __init__(self, monotonic: Callable[[], float], state_dir: Callable[[], Path]) -> None:
        self.asked = False
        self._asked_at_s = 0.0
        self._monotonic = monotonic
        self._state_dir = state_dir
        self._failures = FirstFailure(log)

    def ask(self, name: str, request: "Request") -> bool:
        """Put a request in the folder, in the place of one of the same name; False: it failed."""
        # Where nothing is asked for, none of this is ever loaded.
        from devicewarden.mitigate import spool  # noqa: PLC0415

        try:
            spool.put(self._state_dir(), name, request)
        except OSError as error:
            self._failures.failed("root_not_asked", kind="spool", error=str(error.strerror))
            return False
        self._failures.recovered("root_asked", kind="spool")
        if not self.asked:
            self.asked, self._asked_at_s = True, self._monotonic()
        return True

    def follow(self) -> None:
        """See whether what was asked for is done."""
        if not self.asked:
            return
        from devicewarden.mitigate import spool  # noqa: PLC0415  as in ask

        if not spool.pending(self._state_dir()):
            self.asked = False
            self._failures.recovered("root_answered", kind="root")
        elif self._monotonic() - self._asked_at_s > _ANSWERS_S:
            hint = "systemctl enable --now devicewarden-mitigate.path"
            self._failures.failed("root_does_not_answer", kind="root", hint=hint)
