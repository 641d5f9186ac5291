"""`devicewarden mitigate`: what is done about violations and findings, and how it is undone."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.cli.rows import aligned, printable
from devicewarden.model.errors import AgentError, DocumentError, MitigationError

if TYPE_CHECKING:
    from devicewarden.config.settings import Settings
    from devicewarden.model.action import ActionRecord, PlannedAction
    from devicewarden.model.action_mapping import Orders

_ID: Final = re.compile("[a-zA-Z0-9_-]{1,128}")
_HEADS: Final = ("ID", "STARTED", "STATUS", "ACTION", "CAUSE", "UNTIL", "")


def _checked_id(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not _ID.fullmatch(value):
        raise click.BadParameter("1 to 128 letters, digits, _ and -, as the lists show it")
    return value


json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
account_option = click.option("--account", is_flag=True, help="In the AWS account.")


@click.group("mitigate")
def command() -> None:
    """Show, apply and undo what is done about violations and findings."""


@command.command()
@config_option
@click.argument("cause", metavar="VIOLATION_OR_FINDING", callback=_checked_id)
@json_option
def plan(config: Path | None, cause: str, *, as_json: bool) -> int:
    """Tell what would be done about a violation or finding, with status 1 where that is anything.

    Nothing is changed, and nothing is asked of the packet filter.
    """
    from devicewarden.config.action_documents import (  # noqa: PLC0415  --help must be fast
        load_action_documents,
    )

    settings = load_or_exit(config).settings
    orders = load_action_documents(Path(settings.mitigate.dir)).orders
    planned = _planned(settings, orders, cause)
    rows = [(p.name, orders.actions[p.name].type, p.task_id) for p in planned]
    if as_json:
        print(
            json.dumps([dict(zip(("action", "type", "taskId"), row, strict=True)) for row in rows])
        )
    elif rows:
        print(aligned([("ACTION", "TYPE", "TASK"), *rows]))
    else:
        print("nothing: no order speaks of it", file=sys.stderr)
    return 1 if rows else 0


@command.command()
@config_option
@click.argument("cause", metavar="[VIOLATION_OR_FINDING]", required=False, callback=_checked_id)
@click.option("--yes", is_flag=True, help="Do it; without, tell only.")
@click.option("--pending", is_flag=True, help="What the agent asked for; its unit's own.")
@account_option
@click.option("--retry", is_flag=True, help="With --account: do again what failed.")
def apply(
    config: Path | None,
    cause: str | None,
    *,
    yes: bool,
    pending: bool,
    account: bool,
    retry: bool,
) -> int:
    """Do what is configured about a violation or finding; as root.

    Without --yes every action is checked and described, and nothing is changed. In the AWS account
    it is about all that last where none is named, each action once, and as any user.
    """
    if retry and not account:
        raise click.UsageError("--retry goes with --account")
    if account and pending:
        raise click.UsageError("--pending goes without --account")
    if account:
        from devicewarden.cli.mitigate_account import apply_account  # noqa: PLC0415  --help is fast

        settings = load_or_exit(config).settings
        return apply_account(settings, cause, dry_run=not yes, retry=retry)
    if pending == (cause is not None):
        raise click.UsageError("name a violation or finding, or --pending")
    from devicewarden.cli import mitigate_root  # noqa: PLC0415  --help must be fast

    if cause is None:
        return _pending(config)
    found = mitigate_root.given(config)
    planned = _planned(found.settings, found.orders, cause, dry_run=not yes)
    with mitigate_root.executor_of(found, operator=True) as executor:
        return mitigate_root.told(executor.apply(planned))


@command.command()
@config_option
@click.argument("action_id", metavar="[ACTION]", required=False, callback=_checked_id)
@click.option("--all", "everything", is_flag=True, help="Everything that is in effect.")
@account_option
def undo(config: Path | None, action_id: str | None, *, everything: bool, account: bool) -> int:
    """Undo an action that is in effect, by the id that `mitigate list` shows; as root.

    In the AWS account as any user, and one at a time.
    """
    if everything == (action_id is not None):
        raise click.UsageError("name an action, or --all")
    if account:
        if action_id is None:
            raise click.UsageError("--all goes without --account")
        from devicewarden.cli.mitigate_account import undo_account  # noqa: PLC0415  as above

        return undo_account(load_or_exit(config).settings, action_id)
    from devicewarden.cli import mitigate_root  # noqa: PLC0415  --help must be fast

    found = mitigate_root.given_or_nothing(config)
    with mitigate_root.executor_of(found, operator=True) as executor:
        if action_id is not None:
            return mitigate_root.told([executor.undo(action_id)])
        chosen = [each.action_id for each in executor.standing()]
        return mitigate_root.told(executor.undo_each(chosen))


@command.command("list")
@config_option
@account_option
@json_option
def list_(config: Path | None, *, account: bool, as_json: bool) -> None:
    """List actions, the newest first, and what became of them."""
    if account:
        from devicewarden.cli.mitigate_account import list_account  # noqa: PLC0415  --help is fast

        list_account(load_or_exit(config).settings, as_json=as_json)
        return
    from devicewarden.mitigate.record_form import read_records  # noqa: PLC0415  --help is fast
    from devicewarden.report.actions import action_document  # noqa: PLC0415  as above

    settings = load_or_exit(config).settings
    try:
        found = read_records(Path(settings.mitigate.records_dir))[::-1]
    except DocumentError as error:
        raise AgentError(f"the records in {settings.mitigate.records_dir}: {error}") from error
    if as_json:
        print(json.dumps([action_document(each, settings.thing.name) for each in found], indent=2))
    elif found:
        print(_table(found))
    else:
        print("no actions", file=sys.stderr)


@command.command()
@config_option
def permissions(config: Path | None) -> None:
    """Print the IAM policy that the configured actions need in the account, and nothing more.

    It asks nobody, and needs no credentials.
    """
    from devicewarden.cli.mitigate_account import print_permissions  # noqa: PLC0415  as above

    print_permissions(load_or_exit(config).settings)


def _pending(config: Path | None) -> int:
    from devicewarden.cli import mitigate_root  # noqa: PLC0415  --help must be fast
    from devicewarden.mitigate.session import work_off  # noqa: PLC0415  as above

    found = mitigate_root.given_or_nothing(config)
    with mitigate_root.executor_of(found, operator=False) as executor:
        mitigate_root.told(work_off(executor, Path(found.settings.state.dir)))
    # What failed is in its record; the unit has done its work.
    return 0


def _planned(
    settings: "Settings", orders: "Orders", cause: str, *, dry_run: bool = True
) -> tuple["PlannedAction", ...]:
    """Choose for a violation or finding in the state file, whether it is over or not."""
    from datetime import UTC, datetime  # noqa: PLC0415  --help must be fast

    from devicewarden.mitigate.choose import for_finding, for_violation  # noqa: PLC0415  as above
    from devicewarden.state import finding_tables, violation_tables  # noqa: PLC0415  as above
    from devicewarden.state.look import look  # noqa: PLC0415  as above

    now = datetime.now(UTC)
    violation = look(settings.state, lambda db: violation_tables.show(db, cause))
    if violation is not None:
        documents = [json.loads(text) for text in violation[1]]
        return for_violation(orders, documents[0], now=now, dry_run=dry_run)
    finding = look(settings.state, lambda db: finding_tables.show(db, cause))
    if finding is not None:
        return for_finding(orders, finding.document, now=now, dry_run=dry_run)
    raise MitigationError(
        f"there is no violation or finding {cause}",
        hint="see devicewarden violations list, devicewarden findings list",
    )


def _table(records: Sequence["ActionRecord"]) -> str:
    return aligned([_HEADS, *map(_row, records)])


def _row(record: "ActionRecord") -> tuple[str, ...]:
    until = record.expires_at if record.status == "SUCCESSFUL" else None
    return (
        record.action_id,
        f"{record.started_at:%Y-%m-%d %H:%M:%S}Z",
        record.status,
        printable(record.name),
        f"{record.cause.kind} {printable(record.cause.id)}",
        f"{until:%Y-%m-%d %H:%M:%S}Z" if until else "-",
        printable(record.message or record.description),
    )
