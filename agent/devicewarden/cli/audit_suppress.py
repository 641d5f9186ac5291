"""`devicewarden audit suppress`: recorded, expiring decisions not to hear of a finding."""

import json
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from devicewarden.cli.audit_names import check_argument, json_option
from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.cli.rows import aligned, printable
from devicewarden.model.errors import AgentError
from devicewarden.model.finding import Suppression, wire_check_name

if TYPE_CHECKING:
    from devicewarden.config.settings import Settings

_AGE: Final = re.compile(r"([1-9][0-9]{0,3})([dw])")
_FINDING: Final = re.compile("[0-9a-f]{32}")
_HEADS: Final = ("CHECK", "RESOURCE", "UNTIL", "FROM", "REASON")
_MAX_REASON: Final = 1000


def _end(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    now = datetime.now(UTC)
    if age := _AGE.fullmatch(value):
        return now + int(age[1]) * timedelta(**{"d": {"days": 1}, "w": {"weeks": 1}}[age[2]])
    try:
        end = datetime.fromisoformat(value)
        end = end.astimezone(UTC) if end.tzinfo else end.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter("a date as in 2027-03-31, or 30d, or 12w") from error
    if end <= now:
        raise click.BadParameter(f"{value} is over")
    return end


def _reason(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not value or len(value) > _MAX_REASON or not value.isprintable():
        raise click.BadParameter(f"1 to {_MAX_REASON} printable characters")
    return value


resource_argument = click.argument("resource", metavar="RESOURCE")


@click.command("suppress")
@config_option
@check_argument
@resource_argument
@click.option("--until", callback=_end, metavar="DATE", help="As in 2027-03-31, 30d or 12w.")
@click.option("--indefinitely", is_flag=True, help="It never expires.")
@click.option("--reason", required=True, callback=_reason, help="Why, in 1000 characters.")
def suppress(
    config: Path | None,
    check: str,
    resource: str,
    until: datetime | None,
    reason: str,
    *,
    indefinitely: bool,
) -> None:
    """Do not report what a check finds of one resource.

    RESOURCE is the id of a finding, or AWS's identifier: MEMBER=VALUE, as in
    deviceCertificateId=4f9c..., or JSON.
    """
    from devicewarden.state import suppression_tables  # noqa: PLC0415  --help must be fast
    from devicewarden.state.own import transact  # noqa: PLC0415  as above

    if (until is None) != indefinitely:
        raise click.UsageError("give either --until or --indefinitely")
    settings = load_or_exit(config, judge_files=False).settings
    made = Suppression(
        check=check,
        identifier=_identifier(settings, check, resource),
        expires_at=until,
        description=reason,
    )
    transact(settings.state, lambda db: suppression_tables.suppress(db, made, datetime.now(UTC)))
    print(f"suppressed {_until(made)}", file=sys.stderr)


@click.command("unsuppress")
@config_option
@check_argument
@resource_argument
def unsuppress(config: Path | None, check: str, resource: str) -> None:
    """Take back what `audit suppress` recorded; RESOURCE as there."""
    from devicewarden.state import suppression_tables  # noqa: PLC0415  --help must be fast
    from devicewarden.state.own import transact  # noqa: PLC0415  as above

    settings = load_or_exit(config, judge_files=False).settings
    identifier = _identifier(settings, check, resource)
    ended = Suppression(check=check, identifier=identifier, expires_at=None)
    if not transact(settings.state, lambda db: suppression_tables.end(db, ended)):
        raise AgentError(
            "no such suppression is recorded",
            hint="see devicewarden audit suppressions; those of a document end in the document",
        )
    print("reported again, from the next audit on", file=sys.stderr)


@click.command("suppressions")
@config_option
@json_option
def suppressions(config: Path | None, *, as_json: bool) -> None:
    """List suppressions: those recorded by command, and those of documents in the folder."""
    from devicewarden.audit import registry  # noqa: PLC0415  --help must be fast
    from devicewarden.config.audit_documents import load_audit_documents  # noqa: PLC0415  as above
    from devicewarden.state import suppression_tables  # noqa: PLC0415  as above
    from devicewarden.state.own import transact  # noqa: PLC0415  as above

    settings = load_or_exit(config, judge_files=False).settings
    known = [check.meta.name for check in registry.checks()]
    documents = load_audit_documents(Path(settings.audit.dir), known)
    found = [("command", each) for each in transact(settings.state, suppression_tables.recorded)]
    found += [("document", each) for each in documents.suppressions]
    if as_json:
        print(json.dumps([_document(*each) for each in found], indent=2))
    elif found:
        print(aligned([_HEADS, *[_row(*each) for each in found]]))
    else:
        print("no suppressions", file=sys.stderr)


def _identifier(settings: "Settings", check: str, resource: str) -> Mapping[str, Any]:
    from devicewarden.config.audit_identifier import read_identifier_of  # noqa: PLC0415  see above
    from devicewarden.config.profile_node import Node  # noqa: PLC0415  see above
    from devicewarden.config.profile_problem import Problems  # noqa: PLC0415  see above

    if _FINDING.fullmatch(resource):
        return _of_finding(settings, check, resource)
    problems = Problems(aws=True)
    read = read_identifier_of(check, Node(_written(resource), (), problems))
    if read is None or problems.found:
        why = problems.found[0]
        raise click.UsageError(f"RESOURCE: {why.path} {why.reason}")
    return read


def _written(resource: str) -> object:
    if resource.startswith("{"):
        from devicewarden.config.profile_files import BadFileError, decode  # noqa: PLC0415  as above

        try:
            return decode(resource.encode(errors="replace"))
        except BadFileError as error:
            raise click.UsageError(f"RESOURCE {error}") from error
    member, equals, value = resource.partition("=")
    if not equals:
        raise click.UsageError("RESOURCE is the id of a finding, or MEMBER=VALUE, or JSON")
    return {member: value}


def _of_finding(settings: "Settings", check: str, finding_id: str) -> Mapping[str, Any]:
    """Give what the audit itself wrote: a file's name may be of no shape that AWS has."""
    from devicewarden.state.columns import read_object  # noqa: PLC0415  see above
    from devicewarden.state.finding_tables import show  # noqa: PLC0415  see above
    from devicewarden.state.own import transact  # noqa: PLC0415  see above

    finding = transact(settings.state, lambda db: show(db, finding_id))
    if finding is None or finding.check != check:
        raise AgentError(
            f"{check} has no finding {finding_id}", hint="see devicewarden findings list"
        )
    return read_object(finding.resource)


def _until(suppression: Suppression) -> str:
    end = suppression.expires_at
    return f"until {end:%Y-%m-%d %H:%M}Z" if end else "indefinitely"


def _row(source: str, each: Suppression) -> tuple[str, ...]:
    identifier = json.dumps(each.identifier)
    return (each.check, identifier, _until(each), source, printable(each.description))


def _document(source: str, each: Suppression) -> dict[str, Any]:
    end = each.expires_at
    return {
        "checkName": wire_check_name(each.check),
        "resourceIdentifier": each.identifier,
        **({"expirationDate": end.timestamp()} if end else {"suppressIndefinitely": True}),
        "description": each.description,
        "source": source,
    }
