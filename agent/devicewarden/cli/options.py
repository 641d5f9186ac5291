"""Options that several commands share, and how a wrong configuration is told."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from devicewarden.cli.failure import tell
from devicewarden.model.errors import ConfigError

if TYPE_CHECKING:
    from devicewarden.config.load import Loaded
    from devicewarden.config.settings import Settings

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Configuration file. [default: /etc/devicewarden/config.toml]",
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print it.",
)


def load_config(
    config: Path | None, *, judge_files: bool = True, trust_agent: bool = True
) -> "Loaded":
    """Load the configuration from a file, its drop-ins and this process's environment.

    Args:
        config: the file.
        judge_files: see `config.load.load`.
        trust_agent: as above.

    Raises:
        ConfigError: with everything that is wrong.
    """
    # TOML and cattrs take longer to import than `--help` may take.
    from devicewarden.config.load import load  # noqa: PLC0415

    return load(config, os.environ, judge_files=judge_files, trust_agent=trust_agent)


def load_or_exit(config: Path | None, *, judge_files: bool = True) -> "Loaded":
    """Load the configuration, or print every problem on standard error and exit with 78."""
    try:
        return load_config(config, judge_files=judge_files)
    except ConfigError as error:
        sys.exit(tell(error))


def settings_at_hand(config: Path | None) -> "Settings":
    """Load the settings; broken ones are told, and the defaults taken: the agent runs all the same.

    So `status` answers on the day when it is needed most.
    """
    try:
        return load_config(config).settings
    except ConfigError as error:
        tell(error)
    from devicewarden.config.settings import Settings  # noqa: PLC0415  as above

    return Settings()
