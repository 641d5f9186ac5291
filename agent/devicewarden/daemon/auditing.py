"""Audits where no timer of systemd starts them: another process, once a day."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final

from devicewarden.config.settings import Settings
from devicewarden.daemon.jobs import Jobs

FIRST_S: Final = 300.0
"""A device that has just started has other things to do."""

EVERY_S: Final = 86_400.0


def start_auditing(
    jobs: Jobs, audit: Callable[[], Awaitable[None]], settings: Callable[[], Settings]
) -> None:
    """Let an audit be started once a day, if the settings of that day want the daemon to.

    Args:
        jobs: runs it beside the others.
        audit: starts an audit, which itself knows whether one is due, and waits for its end.
        settings: in force.
    """
    waits_s = FIRST_S

    async def round_() -> None:
        nonlocal waits_s
        await asyncio.sleep(waits_s)
        waits_s = EVERY_S
        if settings().audit.run_by == "daemon":
            await audit()

    jobs.start("auditing", round_, deadline_s=lambda: math.inf)
