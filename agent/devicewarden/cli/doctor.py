"""`devicewarden doctor`: what keeps this device from reporting, and what to do about it."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devicewarden.cli.control_client import ask
from devicewarden.cli.failure import EXIT_CONFIG, EXIT_FAILED
from devicewarden.cli.options import config_option, load_config
from devicewarden.cli.rows import printable
from devicewarden.model.errors import ConfigError

if TYPE_CHECKING:
    from devicewarden.doctor.verdict import Verdict


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(config: Path | None, *, as_json: bool) -> int:
    """Look at everything between this device and its broker, and tell what to do.

    Exits with 0 where nothing failed (warnings do not count), 78 for a wrong configuration, else
    with 70. Ask as root to see all of it. It changes nothing; where no daemon is connected, it
    connects to the broker and publishes an empty report, which Device Defender rejects.
    """
    from devicewarden.doctor.examine import Examination  # noqa: PLC0415  keeps --help fast

    try:
        examination = Examination(load_config(config), ask)
    except ConfigError as error:
        examination = Examination(error, ask)
    verdicts = show(examination.verdicts(), as_json=as_json)
    if any(each.name == "configuration" and each.status == "failed" for each in verdicts):
        return EXIT_CONFIG
    return EXIT_FAILED if any(each.status == "failed" for each in verdicts) else 0


def show(verdicts: Iterable["Verdict"], *, as_json: bool = False) -> list["Verdict"]:
    """Print verdicts, for people each as it comes, and give them back."""
    shown = []
    for verdict in verdicts:
        shown.append(verdict)
        if not as_json:
            tell_verdict(verdict)
    counts = Counter(each.status for each in shown)
    if as_json:
        document = {"healthy": not counts["failed"], "verdicts": [asdict(each) for each in shown]}
        print(json.dumps(document, indent=2))
    else:
        click.echo(f"{counts['failed']} failed, {counts['warning']} to look after")
    return shown


def tell_verdict(verdict: "Verdict", *, err: bool = False) -> None:
    """Print a verdict on one line, and what to do on the next."""
    click.echo(printable(f"{verdict.status:<8} {verdict.name:<14} {verdict.message}"), err=err)
    if verdict.hint:
        click.echo(printable(f"{'':<23} -> {verdict.hint}"), err=err)
