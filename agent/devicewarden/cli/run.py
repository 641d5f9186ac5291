"""`devicewarden run`: the daemon."""

from pathlib import Path

import click

from devicewarden.cli import resident
from devicewarden.cli.options import config_option


@click.command()
@config_option
@click.option(
    "--last-good",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep a configuration that works in FILE, and start with it when a later one is broken.",
)
def command(config: Path | None, last_good: Path | None) -> int:
    """Run the agent until SIGTERM; SIGHUP reads the configuration again."""
    return resident.main(resident.Arguments(config, last_good))
