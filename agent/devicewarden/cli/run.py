"""`devicewarden run`: the daemon."""

from pathlib import Path

import click

from devicewarden.cli import resident
from devicewarden.cli.options import config_option


@click.command()
@config_option
def command(config: Path | None) -> int:
    """Run the agent until SIGTERM; SIGHUP reads the configuration again."""
    return resident.main(config)
