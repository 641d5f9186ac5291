"""`devicewarden run`: the daemon."""

import sys
from pathlib import Path
from typing import Final

import click

from devicewarden.cli.options import config_option, load_config, load_or_exit

NEVER_LOADED: Final = ("rich", "ssl")
"""structlog loads rich, and asyncio ssl, if it is there: 8 MB that the daemon never uses.

TLS is awscrt's alone. See docs/adr/0001-one-tls-stack.md.
"""


@click.command()
@config_option
def command(config: Path | None) -> None:
    """Run the agent until SIGTERM; SIGHUP reads the configuration again."""
    settings = load_or_exit(config).settings
    for name in NEVER_LOADED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None makes an import fail
    from devicewarden.daemon.start import run  # noqa: PLC0415  only now is it decided what loads

    run(settings, load=lambda: load_config(config).settings)
