"""Is a scheduled audit due? Dates are UTC, where no day is longer or shorter than another."""

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Final, assert_never, get_args

from devicewarden.model.audit import Day, ScheduledAudit

_MONDAY: Final = date(1970, 1, 5)
_WEEK: Final = timedelta(weeks=1)
_DAY: Final = timedelta(days=1)


def is_due(schedule: ScheduledAudit, last: datetime | None, now: datetime) -> bool:
    """Tell whether an audit is due.

    One that was missed, because the device was off, is made up for at once; one that never ran is
    due. So is one that ran at a time still to come: the clock was wrong then.

    Args:
        schedule: when it comes.
        last: when it last began, aware; None: never.
        now: aware time.
    """
    if last is None or last > now + _DAY:
        return True
    return last.astimezone(UTC).date() < last_day_up_to(schedule, now.astimezone(UTC).date())


def last_day_up_to(schedule: ScheduledAudit, today: date) -> date:
    """Tell the newest day, today or before, that a schedule asks for."""
    match schedule.frequency:
        case "DAILY":
            return today
        case "WEEKLY":
            return _last_weekday(schedule.day_of_week, today)
        case "BIWEEKLY":
            day = _last_weekday(schedule.day_of_week, today)
            # Weeks are counted from a Monday, so that all devices agree on which ones count.
            return day - (day - _MONDAY) // _WEEK % 2 * _WEEK
        case "MONTHLY":
            return _last_month_day(schedule.day_of_month or 1, today)
        case _:
            assert_never(schedule.frequency)


def _last_weekday(day: Day | None, today: date) -> date:
    wanted = get_args(Day).index(day or "MON")
    return today - (today.weekday() - wanted) % 7 * _DAY


def _last_month_day(wanted: int, today: date) -> date:
    this = _in_month(wanted, today)
    return this if this <= today else _in_month(wanted, today.replace(day=1) - _DAY)


def _in_month(wanted: int, month: date) -> date:
    _, days = calendar.monthrange(month.year, month.month)
    return month.replace(day=min(wanted, days))
