"""`devicewarden profile suggest`: a profile from what was seen."""

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.cli.since import history_option
from devicewarden.config.profile_schema import NAME
from devicewarden.model.errors import AgentError


def _checked_name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not NAME.fullmatch(value):
        raise click.BadParameter("1 to 128 of a-z A-Z 0-9 : _ -")
    return value


@click.command()
@config_option
@history_option
@click.option(
    "--name",
    default="suggested",
    show_default=True,
    callback=_checked_name,
    help="Name of the profile.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="[default: standard output]"
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
def suggest(
    config: Path | None, since: datetime, name: str, out: Path | None, *, force: bool
) -> None:
    """Write a profile that allows what was seen, with head-room for numbers.

    AWS takes it, too. FILE.origins.md tells for each value where it comes from; without --out that
    goes to standard error. Read it: if the device was attacked already, that is allowed now.
    """
    from devicewarden.cli.past import read_history  # noqa: PLC0415  --help must be fast
    from devicewarden.detect.suggest import suggest as write  # noqa: PLC0415  as above

    settings = load_or_exit(config).settings
    history = read_history(settings.state, since)
    if not history:
        raise AgentError("nothing was seen in this time", hint="has the daemon run? see --since")
    found = write(history, name=name, window_s=settings.detect.datapoint_s)
    document = json.dumps(found.document, indent=2) + "\n"
    lines = [f"# {name}: {found.document['securityProfileDescription']}", ""]
    origins = "\n".join([*lines, *(f"- {origin}" for origin in found.origins)]) + "\n"
    if out is None:
        print(document, end="")
        print(origins, end="", file=sys.stderr)
        return
    beside = out.with_name(f"{out.name}.origins.md")
    _write({out: document, beside: origins}, force=force)
    print(f"written {out} and {beside}", file=sys.stderr)


def _write(texts: dict[Path, str], *, force: bool) -> None:
    for path in texts:
        if path.exists() and not force:
            raise AgentError(f"{path} exists", hint="--force replaces it")
    for path, text in texts.items():
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise AgentError(f"{path} cannot be written: {error.strerror}") from error
