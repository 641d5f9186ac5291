"""The process that the daemon starts for an audit: its audit is kept, its failure told."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.state.scene import opened

from devicewarden.cli.audit_child import audit_if_due

pytestmark = pytest.mark.e2e


def test_an_audit_of_another_process_waits_in_the_outbox(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f'[state]\ndir = "{tmp_path}"\n[audit]\ndir = "{tmp_path}/audit"\nrevocation = "off"\n'
    )

    with capture_logs() as told:
        asyncio.run(audit_if_due(config))

    with closing(opened(tmp_path)) as state:
        entry = state.outbox.next("log")
    assert entry is not None
    assert {line["event"] for line in told} <= {"audit_ended", "audit_failed"}


def test_a_wrong_configuration_is_told(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[audit]\nrun_by = 7\n")

    with capture_logs() as told:
        asyncio.run(audit_if_due(config))

    (line,) = told
    assert line["event"] == "audit_failed"
    assert line["error"].startswith("status 78: ")
    assert "audit.run_by" in line["error"]
