"""Which account `audit --account` reads, and which IAM policy that needs."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click

from devicewarden.cli.audit_names import checks_option
from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.cli.since import so_long_ago

if TYPE_CHECKING:
    from devicewarden.config.settings import Settings

_Command: TypeAlias = Callable[..., Any]

_GIVEN: Final = "devicewarden.account"


def _keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
    """Put an option where `account_settings` finds it, not among the command's arguments."""
    if value is not None:
        ctx.meta.setdefault(_GIVEN, {})[param.name] = value


def _keep_days(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    since = so_long_ago(ctx, param, value)
    if since is not None:
        ctx.meta.setdefault(_GIVEN, {})["log_days"] = (datetime.now(UTC) - since) / timedelta(1)


def _option(name: str, text: str, keep: Callable[..., None] = _keep) -> Callable[..., _Command]:
    return click.option(name, help=text, callback=keep, expose_value=False)


_region = _option("--region", "Region of the account; else as the AWS CLI finds it.")
_log_group = _option("--log-group", "CloudWatch log group of AWS IoT, such as AWSIotLogsV2.")
_OPTIONS: Final = (
    _region,
    _option("--profile", "Profile of the AWS CLI."),
    _option("--endpoint-url", "Address that answers in place of AWS's."),
    _log_group,
    _option(
        "--since", "How far back the log is read, as in 12h or 14d. [default: 31d]", _keep_days
    ),
)


def account_options(command: _Command) -> _Command:
    """Add the options of an account to a command; `account_settings` gives what they say."""
    return reduce(lambda so_far, option: option(so_far), reversed(_OPTIONS), command)


def account_settings(
    ctx: click.Context, settings: "Settings", *, account: bool = True
) -> "Settings":
    """Put what was said on the command line into the settings.

    Raises:
        UsageError: it was said without --account.
    """
    given = ctx.meta.get(_GIVEN, {})
    if given and not account:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise click.UsageError(f"{names.replace('log-days', 'since')} goes with --account")
    return replace(settings, account=replace(settings.account, **given))


@click.command("permissions")
@config_option
@checks_option
@_region
@_log_group
@click.pass_context
def permissions(ctx: click.Context, config: Path | None, names: tuple[str, ...]) -> None:
    """Print the IAM policy that `audit --account` needs, with no permission more.

    It asks nobody, and needs no credentials.
    """
    from devicewarden.audit import registry  # noqa: PLC0415  --help must be fast
    from devicewarden.audit.account.least_privilege import least_privilege  # noqa: PLC0415  as above

    account = account_settings(ctx, load_or_exit(config, judge_files=False).settings).account
    subjects = {
        check.subject for check in registry.checks() if not names or check.meta.name in names
    }
    print(json.dumps(least_privilege(subjects, account.log_group, account.region), indent=2))
