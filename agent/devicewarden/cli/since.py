"""How far back a command looks: `--since 14d`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import click

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE: Final = re.compile(r"([0-9]{1,4})([mhdw])")


def so_long_ago(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """Read `14d` as the aware UTC time so long ago; None where it is not given."""
    if value is None:
        return None
    age = _AGE.fullmatch(value)
    if age is None:
        raise click.BadParameter(f"{value!r} is not a number with m, h, d or w behind it")
    number, unit = age.groups()
    return datetime.now(UTC) - timedelta(**{_UNITS[unit]: int(number)})


since_option = click.option(
    "--since",
    metavar="AGE",
    callback=so_long_ago,
    help="How far back, as in 90m, 12h, 14d or 2w.",
)
"""Gives the aware UTC time so long ago; None where it is not given."""
history_option = click.option(
    "--since",
    metavar="AGE",
    default="14d",
    show_default=True,
    callback=so_long_ago,
    help="How far back, as in 90m, 12h, 14d or 2w.",
)
"""The same, for commands that look at the history: as far back as it goes by default."""
