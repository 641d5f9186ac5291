"""Jobs of a fleet's rotation: even, the same each time, in time, and of whatever people feed it."""

import importlib.util
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.model.job import RotateCertificate, parse_operation

SCRIPT = Path(__file__).parent.parent / "packaging" / "fleet" / "rotation_jobs.py"
BEGIN = datetime(2026, 12, 1, tzinfo=UTC)
DAYS = 14
DEVICES = 100_000
SOON = st.timedeltas(min_value=timedelta(days=-9), max_value=timedelta(days=99))
IDS = st.text("0123456789abcdef", min_size=64, max_size=64)


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rotation_jobs", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


ROTATION = script()
SPAN_S = DAYS * ROTATION.DAY_S


def test_a_hundred_thousand_are_spread_evenly_and_none_ends_before_its_turn() -> None:
    fleet = ROTATION.made_in_one_week(DEVICES, BEGIN)

    jobs, issued, ended = ROTATION.simulate(fleet, BEGIN, SPAN_S)

    days = [number for day, number in jobs.per(ROTATION.DAY_S).items() if day < DAYS]
    even = sum(days) / DAYS
    assert all(abs(number / even - 1) < 0.04 for number in days)
    assert issued.seconds.total() == DEVICES
    assert jobs.peak(3600) < 400
    assert max(jobs.peak(1), issued.peak(1)) <= 5
    assert ended == 0


@given(certificate_id=IDS, left=SOON)
def test_the_turn_is_in_the_span_and_in_time(certificate_id: str, left: timedelta) -> None:
    certificate = ROTATION.Certificate("gw", certificate_id, BEGIN + left)

    slot = ROTATION.slot_s(certificate, BEGIN, SPAN_S)

    latest = BEGIN + timedelta(seconds=slot)
    assert 0 <= slot < SPAN_S
    assert slot == 0 or latest < certificate.not_after - ROTATION.MARGIN
    assert slot == ROTATION.slot_s(certificate, BEGIN, SPAN_S)


def test_a_device_that_joins_moves_no_other() -> None:
    few, more = (list(ROTATION.made_in_one_week(number, BEGIN)) for number in (50, 51))

    before, after = (ROTATION.plan(fleet, BEGIN, SPAN_S) for fleet in (few, more))

    assert [job for job in after if job in before] == before


@given(certificate_id=IDS)
def test_the_agent_understands_the_job(certificate_id: str) -> None:
    name, document = ROTATION.job_of(ROTATION.Certificate("gw", certificate_id, BEGIN))

    assert len(name) <= 64
    assert parse_operation(document) == RotateCertificate(certificate_id)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("gw", id="short"),
        pytest.param("gw,xyz,2027-01-01", id="no-id"),
        pytest.param(f"gw,{'a' * 63},2027-01-01", id="short-id"),
        pytest.param(f"gw,{'a' * 64},soon", id="no-time"),
        pytest.param(f"gw,{'a' * 64},2027-01-01,more", id="long"),
    ],
)
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=r"^line 2: "):
        list(ROTATION.read_fleet([f"gw-1,0x{'A' * 64},2027-01-01", line]))


def test_only_what_is_due_is_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    things = tmp_path / "things.csv"
    things.write_text(
        "".join(
            f"{each.thing},{each.certificate_id},{each.not_after.isoformat()}\n"
            for each in ROTATION.made_in_one_week(100, BEGIN)
        )
    )
    words = ["plan", "--things", str(things), "--begin", "2026-12-01", "--until", "2026-12-08"]

    status = ROTATION.main(words)

    jobs = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert 30 < len(jobs) < 70
    assert all("2026-12-01" <= job["at"] < "2026-12-08" for job in jobs)


def test_a_load_that_is_not_allowed_is_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", "--devices", "2000", "--days", "1", "--most-per-second", "1"]

    assert ROTATION.main(words) == 1
    assert "allowed: 1" in capsys.readouterr().out
