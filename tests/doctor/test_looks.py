"""Single looks of the doctor, at hosts that are only told of."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devicewarden.config.settings import StateSettings
from devicewarden.doctor.certificate import judge_dates
from devicewarden.doctor.clock import judge_clock
from devicewarden.doctor.disk import is_sd_card, judge_disk, judge_state
from devicewarden.doctor.kernel import (
    effective_capabilities,
    judge_capabilities,
    judge_cgroups,
    judge_sources,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("now", "synchronized", "status"),
    [
        (NOW, True, "ok"),
        (NOW, None, "ok"),
        (NOW, False, "warning"),
        (datetime(1970, 1, 1, tzinfo=UTC), True, "failed"),
    ],
)
def test_a_clock_before_the_program_was_made_is_wrong(
    now: datetime, status: str, *, synchronized: bool | None
) -> None:
    verdict = judge_clock(now, made=NOW - 30 * DAY, synchronized=synchronized)

    assert verdict.status == status
    assert ("timedatectl" in verdict.hint) == (status != "ok")


@pytest.mark.parametrize(
    ("begins", "expires", "status", "words"),
    [
        (NOW - DAY, NOW + 60 * DAY, "ok", "in 60 days"),
        (NOW - DAY, NOW + 3 * DAY, "warning", "in 3 days"),
        (NOW - 9 * DAY, NOW - DAY, "failed", "expired on 2026-11-21"),
        (NOW + DAY, NOW + 60 * DAY, "failed", "not valid before 2026-11-23"),
    ],
)
def test_a_certificate_is_judged_by_its_dates(
    begins: datetime, expires: datetime, status: str, words: str
) -> None:
    verdict = judge_dates(begins, expires, NOW)

    assert verdict.status == status
    assert words in verdict.message


def test_a_certificate_of_tomorrow_points_at_the_clock() -> None:
    assert "clock" in judge_dates(NOW + DAY, NOW + 60 * DAY, NOW).hint


def test_a_state_folder_of_somebody_else_says_how_to_give_it_back(tmp_path: Path) -> None:
    verdict = judge_state(StateSettings(dir=str(tmp_path)), tmp_path.stat().st_uid + 1)

    assert verdict.status == "failed"
    assert verdict.hint == f"chown -R {tmp_path.stat().st_uid + 1} {tmp_path}"


def test_a_state_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    verdict = judge_state(StateSettings(dir=str(tmp_path / "none")), os.geteuid())

    assert (verdict.status, "does not exist" in verdict.message) == ("failed", True)


def test_a_damaged_state_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"no database at all" * 100)

    verdict = judge_state(StateSettings(dir=str(tmp_path)), os.geteuid())

    assert (verdict.status, "damaged" in verdict.message) == ("failed", True)


def test_a_state_file_of_others_is_nobodys_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state.db").write_bytes(b"no database at all" * 100)
    # Tests run as root, who may read everything.
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)

    verdict = judge_state(StateSettings(dir=str(tmp_path)), os.geteuid())

    assert (verdict.status, "by root" in verdict.message) == ("skipped", True)


def test_an_empty_folder_is_ready(tmp_path: Path) -> None:
    settings = StateSettings(dir=str(tmp_path))

    assert judge_state(settings, os.geteuid()).status == "ok"
    assert judge_disk(settings).status == "ok"


@pytest.mark.parametrize(
    ("target", "expected"),
    [("mmc_host/mmc0/mmcblk0/mmcblk0p2", True), ("pci/nvme0n1/nvme0n1p1", False)],
)
def test_an_sd_card_is_known_by_its_driver(tmp_path: Path, target: str, *, expected: bool) -> None:
    (tmp_path / "179:2").symlink_to(tmp_path / target)

    assert is_sd_card(os.makedev(179, 2), tmp_path) == expected


@pytest.mark.parametrize(
    ("effective", "hints"),
    [
        (0, ("CAP_SYS_PTRACE", "CAP_NET_ADMIN")),
        (1 << 12, ("CAP_SYS_PTRACE",)),
        (1 << 2 | 1 << 19, ("CAP_NET_ADMIN",)),
        ((1 << 41) - 1, ()),
    ],
)
def test_a_missing_capability_says_what_it_would_buy(
    effective: int, hints: tuple[str, ...]
) -> None:
    verdict = judge_capabilities(effective)

    assert verdict.status == "ok"
    assert all(hint in verdict.hint for hint in hints)
    assert bool(verdict.hint) == bool(hints)


def test_capabilities_are_read_from_the_process(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "status").write_text("Name:\tx\nCapEff:\t0000000000001000\n")

    assert effective_capabilities(7, tmp_path) == 1 << 12
    assert effective_capabilities(8, tmp_path) is None


def test_without_cgroup_v2_the_doctor_says_what_is_missing() -> None:
    assert judge_cgroups(None).status == "warning"
    assert judge_cgroups(Path("/sys/fs/cgroup")).status == "ok"


def test_this_kernel_can_be_read() -> None:
    assert judge_sources().status in {"ok", "warning"}
