"""Scheduled audits: the days of each, what was missed, and clocks that were wrong."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.audit.schedule import is_due, last_day_up_to
from devicewarden.model.audit import Day, ScheduledAudit

DAYS = st.dates(date(1990, 1, 1), date(2199, 12, 31))
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  the bounds are naive, the times are not
SCHEDULES = st.one_of(
    st.just(ScheduledAudit(name="d", frequency="DAILY")),
    st.builds(
        ScheduledAudit,
        name=st.just("w"),
        frequency=st.sampled_from(("WEEKLY", "BIWEEKLY")),
        day_of_week=st.sampled_from(get_args(Day)),
    ),
    st.builds(
        ScheduledAudit,
        name=st.just("m"),
        frequency=st.just("MONTHLY"),
        day_of_month=st.integers(1, 31),
    ),
)
LONGEST = {"DAILY": 1, "WEEKLY": 7, "BIWEEKLY": 14, "MONTHLY": 31}


def weekly(day: Day, frequency: str = "WEEKLY") -> ScheduledAudit:
    return ScheduledAudit(name="w", frequency=frequency, day_of_week=day)  # type: ignore[arg-type]  # a row of a table


def monthly(day: int) -> ScheduledAudit:
    return ScheduledAudit(name="m", frequency="MONTHLY", day_of_month=day)


@pytest.mark.parametrize(
    ("schedule", "today", "expected"),
    [
        pytest.param(weekly("SUN"), "2026-11-22", "2026-11-22", id="its own day"),
        pytest.param(weekly("MON"), "2026-11-22", "2026-11-16", id="six days ago"),
        pytest.param(monthly(31), "2026-04-30", "2026-04-30", id="30 days"),
        pytest.param(monthly(31), "2026-04-29", "2026-03-31", id="the month before has 31"),
        pytest.param(monthly(30), "2026-02-28", "2026-02-28", id="February"),
        pytest.param(monthly(29), "2028-02-28", "2028-01-29", id="February of a leap year"),
        pytest.param(monthly(31), "2028-02-29", "2028-02-29", id="its last day"),
        pytest.param(monthly(1), "2026-01-01", "2026-01-01", id="new year"),
        pytest.param(monthly(15), "2026-01-14", "2025-12-15", id="last year"),
    ],
)
def test_the_day_of_an_audit(schedule: ScheduledAudit, today: str, expected: str) -> None:
    assert last_day_up_to(schedule, date.fromisoformat(today)) == date.fromisoformat(expected)


@given(SCHEDULES, DAYS)
def test_the_last_day_is_never_to_come_nor_too_long_ago(
    schedule: ScheduledAudit, today: date
) -> None:
    day = last_day_up_to(schedule, today)

    assert timedelta(0) <= today - day < timedelta(days=LONGEST[schedule.frequency])
    assert last_day_up_to(schedule, day) == day


@given(SCHEDULES, DAYS)
def test_days_come_in_order(schedule: ScheduledAudit, today: date) -> None:
    tomorrow = today + timedelta(days=1)

    assert last_day_up_to(schedule, tomorrow) in {last_day_up_to(schedule, today), tomorrow}


@given(st.sampled_from(get_args(Day)), DAYS)
def test_every_second_week_is_fourteen_days_later(day: Day, today: date) -> None:
    schedule = weekly(day, "BIWEEKLY")

    found = last_day_up_to(schedule, today)

    assert last_day_up_to(schedule, found - timedelta(days=1)) == found - timedelta(days=14)
    assert found.weekday() == get_args(Day).index(day)


@given(SCHEDULES, TIMES)
def test_an_audit_that_just_ran_is_not_due(schedule: ScheduledAudit, now: datetime) -> None:
    assert not is_due(schedule, now, now)
    assert not is_due(schedule, now - timedelta(minutes=1), now) or now.hour == now.minute == 0


@given(SCHEDULES, TIMES, st.integers(0, 400))
def test_an_audit_comes_once_a_period_however_often_it_is_asked_for(
    schedule: ScheduledAudit, start: datetime, days: int
) -> None:
    last: datetime | None = start
    ran = 0

    for day in range(1, days + 1):
        now = start + timedelta(days=day)
        if is_due(schedule, last, now):
            last, ran = now, ran + 1

    shortest = 28 if schedule.frequency == "MONTHLY" else LONGEST[schedule.frequency]
    assert days // LONGEST[schedule.frequency] <= ran <= days // shortest + 1


def test_an_audit_that_never_ran_is_due() -> None:
    assert is_due(monthly(15), None, datetime(2026, 1, 2, tzinfo=UTC))


def test_what_was_missed_while_the_device_was_off_is_made_up_for_once() -> None:
    schedule, sunday = weekly("SUN"), datetime(2026, 11, 1, tzinfo=UTC)
    wednesday = sunday + timedelta(days=17)

    assert is_due(schedule, sunday, wednesday)
    assert not is_due(schedule, wednesday, wednesday + timedelta(days=1))
    assert is_due(schedule, wednesday, wednesday + timedelta(days=4))


def test_a_last_run_at_a_time_to_come_does_not_stop_audits() -> None:
    daily, now = ScheduledAudit(name="d", frequency="DAILY"), datetime(2026, 1, 1, tzinfo=UTC)

    assert is_due(daily, now + timedelta(days=4000), now)


def test_days_are_of_utc() -> None:
    daily, east = ScheduledAudit(name="d", frequency="DAILY"), timezone(timedelta(hours=10))
    last = datetime(2026, 1, 1, 12, tzinfo=UTC)

    assert not is_due(daily, last, datetime(2026, 1, 2, 9, tzinfo=east))
    assert is_due(daily, last, datetime(2026, 1, 2, 11, tzinfo=east))
