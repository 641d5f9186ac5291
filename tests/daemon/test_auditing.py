"""Audits that the daemon starts: once a day, and only where it is asked to."""

import asyncio
from dataclasses import replace
from typing import Literal

import pytest
from tests.daemon.paper_time import PaperLoop, run_on_paper

from devicewarden.config.audit_settings import AuditSettings
from devicewarden.config.settings import Settings
from devicewarden.daemon.auditing import EVERY_S, FIRST_S, start_auditing
from devicewarden.daemon.jobs import Jobs
from devicewarden.daemon.systemd import Supervisor


def audits_over(days: int, run_by: Literal["timer", "daemon", "never"]) -> list[float]:
    async def main(loop: PaperLoop) -> list[float]:
        began: list[float] = []
        start_s, jobs = loop.time(), Jobs(Supervisor({}), monotonic=loop.time)
        settings = replace(Settings(), audit=AuditSettings(run_by=run_by))

        async def audit() -> None:
            began.append(loop.time() - start_s)

        start_auditing(jobs, audit, lambda: settings)
        await asyncio.sleep(days * EVERY_S)
        await jobs.end_all()
        return began

    return run_on_paper(main)


def test_an_audit_is_started_some_minutes_after_the_daemon_and_then_daily() -> None:
    assert audits_over(3, "daemon") == [FIRST_S, FIRST_S + EVERY_S, FIRST_S + 2 * EVERY_S]


@pytest.mark.parametrize("run_by", ["timer", "never"])
def test_where_others_start_audits_the_daemon_does_not(run_by: Literal["timer", "never"]) -> None:
    assert audits_over(3, run_by) == []
