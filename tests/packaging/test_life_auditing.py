"""The daily audit under its own unit: it sees what it must, and leaves nothing that is root's."""

from collections.abc import Mapping
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
Life = Mapping[str, Any]


def test_it_runs_once_a_day(life: Life) -> None:
    assert life["installed"]["audit_timer"] == "enabled"


def test_it_ends_with_a_verdict_in_its_sandbox(life: Life) -> None:
    audited = life["audited"]

    assert audited["code"] == 0, audited["journal"]
    assert audited["status"] in {"0", "1"}


def test_it_reads_what_only_root_may(life: Life) -> None:
    assert ", 0 undecided;" in life["audited"]["journal"]


def test_its_findings_are_kept_for_whoever_asks(life: Life) -> None:
    assert all(finding["checkName"] for finding in life["audited"]["findings"])


def test_what_it_keeps_belongs_to_the_agent(life: Life) -> None:
    audited = life["audited"]

    assert set(audited["owners"]) == {audited["uid"]}


def test_its_exposure_is_low(life: Life) -> None:
    overall = life["audited"]["exposure"].rpartition("exposure level for ")[2]

    assert float(overall.split(":")[1].split()[0]) <= 2.0, overall
