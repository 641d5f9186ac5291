"""`devicewarden violations`: behaviors that did not hold, and what people think of them."""

import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click

from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.cli.rows import aligned, printable
from devicewarden.cli.since import since_option
from devicewarden.model.errors import AgentError, StateError
from devicewarden.model.violation import Verification, ViolationType

if TYPE_CHECKING:
    from devicewarden.state.violation_records import Violation

_ID: Final = re.compile("[a-zA-Z0-9-]{1,128}")
_COLUMNS: Final = ("ID", "SINCE", "STATE", "PROFILE", "BEHAVIOR", "VERIFICATION", "")

json_option = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


def _checked_id(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not _ID.fullmatch(value):
        raise click.BadParameter("1 to 128 letters, digits and -, as `violations list` shows it")
    return value


def _checked_note(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    from devicewarden.state.violation_tables import check_note  # noqa: PLC0415  --help must be fast

    try:
        check_note(value)
    except StateError as error:
        raise click.BadParameter(str(error)) from error
    return value


id_argument = click.argument("violation_id", metavar="ID", callback=_checked_id)


@click.group("violations")
def command() -> None:
    """Show behaviors that did not hold, and say which of them were false alarms."""


@command.command("list")
@config_option
@since_option
@click.option("--active", is_flag=True, help="Only those in alarm.")
@click.option("--profile", metavar="NAME", help="Only those of this security profile.")
@click.option("--state", type=click.Choice(get_args(ViolationType)), help="Only those that are so.")
@json_option
def list_(
    config: Path | None,
    since: datetime | None,
    *,
    active: bool,
    profile: str | None,
    state: ViolationType | None,
    as_json: bool,
) -> int:
    """List violations, the newest first, with status 1 where there are any.

    They are kept for 30 days after they ended.
    """
    from devicewarden.state.look import look  # noqa: PLC0415  --help must be fast
    from devicewarden.state.violation_records import Filter  # noqa: PLC0415  --help must be fast
    from devicewarden.state.violation_tables import find  # noqa: PLC0415  --help must be fast

    wanted = Filter(since=since, active=active, profile=profile, kind=state)
    found = look(load_or_exit(config).settings.state, lambda db: find(db, wanted))
    if as_json:
        print(json.dumps([_document(violation) for violation in found], indent=2))
    elif found:
        print(_table(found))
    else:
        print("no violations", file=sys.stderr)
    return 1 if found else 0


@command.command()
@config_option
@id_argument
@json_option
def show(config: Path | None, violation_id: str, *, as_json: bool) -> None:
    """Show one violation with all its events."""
    from devicewarden.state.look import look  # noqa: PLC0415  --help must be fast
    from devicewarden.state.violation_tables import show as find_one  # noqa: PLC0415  as above

    settings = load_or_exit(config).settings.state
    found = look(settings, lambda db: find_one(db, violation_id))
    if found is None:
        raise _unknown(violation_id)
    violation, documents = found
    document = {**_document(violation), "events": [json.loads(text) for text in documents]}
    if as_json:
        print(json.dumps(document, indent=2))
        return
    print(_table([violation]))
    if violation.note:
        print(f"\n{printable(violation.note)}")
    for event in document["events"]:
        # Escapes of JSON keep a hostile program's name from writing on the terminal.
        print(f"\n{json.dumps(event, indent=2)}")


@command.command()
@config_option
@id_argument
@click.argument("state", type=click.Choice(get_args(Verification)))
@click.option("--note", default="", callback=_checked_note, help="Why, in 1000 characters.")
def verify(config: Path | None, violation_id: str, state: Verification, note: str) -> None:
    """Say what a violation is; the running daemon learns from a FALSE_POSITIVE."""
    from devicewarden.state.look import change  # noqa: PLC0415  --help must be fast
    from devicewarden.state.violation_tables import verify as write  # noqa: PLC0415  as above

    settings = load_or_exit(config).settings.state
    if not change(settings, lambda db: write(db, violation_id, state, note)):
        raise _unknown(violation_id)
    print(f"{violation_id} is {state}", file=sys.stderr)


def _unknown(violation_id: str) -> AgentError:
    return AgentError(
        f"there is no violation {violation_id}", hint="see devicewarden violations list"
    )


def _document(violation: "Violation") -> dict[str, Any]:
    return {
        "violationId": violation.violation_id,
        "securityProfileName": violation.profile,
        "behaviorName": violation.behavior,
        "violationEventType": violation.kind,
        "suppressed": violation.suppressed,
        "simulated": violation.simulated,
        "violationStartTime": violation.opened_at.isoformat(),
        "lastEventTime": violation.changed_at.isoformat(),
        "verificationState": violation.verification,
        "verificationStateDescription": violation.note,
    }


def _table(violations: Sequence["Violation"]) -> str:
    return aligned([_COLUMNS, *map(_row, violations)])


def _row(violation: "Violation") -> tuple[str, ...]:
    remarks = {"suppressed": violation.suppressed, "simulated": violation.simulated}
    return (
        violation.violation_id,
        f"{violation.opened_at:%Y-%m-%d %H:%M:%S}Z",
        violation.kind,
        printable(violation.profile),
        printable(violation.behavior),
        violation.verification,
        ", ".join(remark for remark, true in remarks.items() if true),
    )
