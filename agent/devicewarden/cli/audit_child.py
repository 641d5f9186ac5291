"""The audit as a process of its own, which the daemon starts where there is no systemd."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger()

WITHIN_S: Final = 1800.0
_ENDED_WELL: Final = (0, 1)
_LONGEST_ERROR: Final = 300


async def audit_if_due(config: Path | None) -> None:
    """Run the audits that are due, and wait; whoever cancels this ends the other process too."""
    named = [] if config is None else ["--config", str(config)]
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", "devicewarden", "audit", "--if-due", *named),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        log.warning("audit_not_started", error=error.strerror)
        return
    try:
        async with asyncio.timeout(WITHIN_S):
            _, told = await process.communicate()
        _tell(process.returncode, told)
    except TimeoutError:
        log.warning("audit_not_ended", waited_s=WITHIN_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _tell(status: int | None, told: bytes) -> None:
    if status in _ENDED_WELL:
        # What it found goes by the outbox.
        log.info("audit_ended", status=status)
        return
    last = told.decode(errors="replace").strip().rpartition("\n")[2]
    log.warning("audit_failed", status=status, error=last[:_LONGEST_ERROR])
