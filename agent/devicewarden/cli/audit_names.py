"""Options that name checks and severities, as people and as AWS write them."""

import click

from devicewarden.model.audit import SEVERITIES
from devicewarden.model.finding import check_name


def _known(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    from devicewarden.audit import registry  # noqa: PLC0415  --help must be fast
    from devicewarden.config.fault import did_you_mean, shown  # noqa: PLC0415  as above

    name = check_name(value)
    names = [check.meta.name for check in registry.checks()]
    if name not in names:
        hint = did_you_mean(name, names) or "see devicewarden audit list"
        raise click.BadParameter(f"there is no check {shown(value)} ({hint})")
    return name


def _all_known(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(_known(ctx, param, value) for value in values)


def _known_if_given(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return None if value is None else _known(ctx, param, value)


check_option = click.option(
    "--check", metavar="NAME", callback=_known_if_given, help="Only those of this check."
)
"""Gives a name in kebab case, or None."""

checks_option = click.option(
    "--check",
    "names",
    multiple=True,
    metavar="NAME",
    callback=_all_known,
    help="Only this check, even a disabled one; may be repeated.",
)
"""Gives names in kebab case, whichever way they were written."""

check_argument = click.argument("check", callback=_known)
"""Gives a name in kebab case."""

severity_option = click.option(
    "--severity", "least", type=click.Choice(SEVERITIES), help="Only findings at least so grave."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
