"""`devicewarden findings`: what audits found, and what became of it."""

import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from devicewarden.cli.audit_names import check_option, json_option, severity_option
from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.cli.rows import aligned, printable
from devicewarden.cli.since import since_option
from devicewarden.model.errors import AgentError
from devicewarden.model.finding import Severity

if TYPE_CHECKING:
    from devicewarden.state.finding_records import KeptFinding

_ID: Final = re.compile("[a-zA-Z0-9_-]{1,128}")
_HEADS: Final = ("ID", "SINCE", "STATE", "SEVERITY", "CHECK", "RESOURCE")


def _checked_id(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not _ID.fullmatch(value):
        raise click.BadParameter("1 to 128 letters, digits, _ and -, as `findings list` shows it")
    return value


@click.group("findings")
def command() -> None:
    """Show what audits found, and what became of it."""


@command.command("list")
@config_option
@since_option
@click.option("--all", "closed", is_flag=True, help="Those that were resolved, too.")
@check_option
@severity_option
@json_option
def list_(
    config: Path | None,
    since: datetime | None,
    check: str | None,
    least: Severity | None,
    *,
    closed: bool,
    as_json: bool,
) -> int:
    """List findings, the gravest first, with status 1 where any lasts that is not suppressed.

    They are kept for 90 days after they were last found.
    """
    from devicewarden.state.finding_records import FindingFilter  # noqa: PLC0415  --help is fast
    from devicewarden.state.finding_tables import find  # noqa: PLC0415  as above
    from devicewarden.state.look import look  # noqa: PLC0415  as above

    wanted = FindingFilter(since=since, closed=closed, check=check, least=least or "LOW")
    found = look(
        load_or_exit(config, judge_files=False).settings.state, lambda db: find(db, wanted)
    )
    if as_json:
        print(json.dumps([_document(finding) for finding in found], indent=2))
    elif found:
        print(_table(found))
    else:
        print("no findings", file=sys.stderr)
    return int(any(each.closed_at is None and not each.suppressed for each in found))


@command.command()
@config_option
@click.argument("finding_id", metavar="ID", callback=_checked_id)
@json_option
def show(config: Path | None, finding_id: str, *, as_json: bool) -> None:
    """Show one finding: what does not comply, why, and what would."""
    from devicewarden.state.finding_tables import show as find_one  # noqa: PLC0415  --help is fast
    from devicewarden.state.look import look  # noqa: PLC0415  as above

    found = look(
        load_or_exit(config, judge_files=False).settings.state, lambda db: find_one(db, finding_id)
    )
    if found is None:
        raise AgentError(
            f"there is no finding {finding_id}", hint="see devicewarden findings list --all"
        )
    # Escapes of JSON keep a hostile certificate's subject from writing on the terminal.
    document = json.dumps(_document(found), indent=2)
    print(document if as_json else f"{_table([found])}\n\n{document}")


def _document(finding: "KeptFinding") -> dict[str, Any]:
    closed = finding.closed_at
    return {
        **finding.document,
        "firstFoundTime": finding.opened_at.isoformat(),
        "lastFoundTime": finding.seen_at.isoformat(),
        **({"resolvedTime": closed.isoformat()} if closed else {}),
        "scope": finding.scope,
    }


def _table(findings: Sequence["KeptFinding"]) -> str:
    return aligned([_HEADS, *map(_row, findings)])


def _row(finding: "KeptFinding") -> tuple[str, ...]:
    from devicewarden.cli.audit_print import short  # noqa: PLC0415  --help must be fast

    open_state = "suppressed" if finding.suppressed else "open"
    return (
        finding.finding_id,
        f"{finding.opened_at:%Y-%m-%d %H:%M}Z",
        "resolved" if finding.closed_at else open_state,
        finding.severity,
        printable(finding.check),
        short(finding.resource),
    )
