"""The audit as a process of its own, which the daemon starts where there is no systemd."""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from devicewarden.config.own_python import own_python

log = structlog.get_logger()

WITHIN_S: Final = 1800.0
_ENDED_WELL: Final = (0, 1)
_LONGEST_ERROR: Final = 300


async def audit_if_due(config: Path | None) -> None:
    """Run the audits that are due, and wait; whoever cancels this ends the other process too."""
    trouble = await _audit(config, "--if-due")
    if trouble:
        log.warning("audit_failed", error=trouble)


async def audit_now(config: Path | None) -> str:
    """Run an audit, due or not, and tell why it failed, or nothing."""
    return await _audit(config)


async def _audit(config: Path | None, *words: str) -> str:
    named = [] if config is None else ["--config", str(config)]
    argv, environment = own_python("devicewarden", "audit", *words, *named)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return f"the audit did not start: {error.strerror}"
    try:
        async with asyncio.timeout(WITHIN_S):
            _, told = await process.communicate()
    except TimeoutError:
        return f"the audit did not end within {WITHIN_S:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode in _ENDED_WELL:
        # What it found goes by the outbox.
        log.info("audit_ended", status=process.returncode)
        return ""
    last = told.decode(errors="replace").strip().rpartition("\n")[2]
    return f"status {process.returncode}: {last[:_LONGEST_ERROR]}"
