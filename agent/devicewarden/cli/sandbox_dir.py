"""Where the sandbox is: an option of all its commands."""

from pathlib import Path

import click


def default_dir() -> Path:
    """Where the sandbox is unless it is told otherwise."""
    return Path.home() / ".cache" / "devicewarden" / "sandbox"


dir_option = click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_dir,
    show_default="~/.cache/devicewarden/sandbox",
    help="Folder of certificates, configurations and logs.",
)
