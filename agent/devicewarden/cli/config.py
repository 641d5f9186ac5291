"""`devicewarden config show`: each value in force and where it comes from."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devicewarden.cli.options import config_option, format_option, load_or_exit

if TYPE_CHECKING:
    from devicewarden.config.load import Loaded


@click.group("config")
def command() -> None:
    """Show the configuration in force."""


@command.command()
@config_option
@format_option
def show(config: Path | None, form: str) -> None:
    """Print each value in force and where it comes from.

    The settings hold no secret, only the paths of files that do.
    """
    loaded = load_or_exit(config)
    if form == "json":
        print(json.dumps(_document(loaded), indent=2))
    else:
        _print_lines(loaded)


def _document(loaded: "Loaded") -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415  --help must be fast

    sections = asdict(loaded.settings)
    return {
        f"{section}.{name}": {"value": value, "origin": loaded.origins[f"{section}.{name}"]}
        for section, table in sections.items()
        for name, value in table.items()
    }


def _print_lines(loaded: "Loaded") -> None:
    from devicewarden.config.knobs import knobs, value_of  # noqa: PLC0415  --help must be fast
    from devicewarden.config.toml_text import toml_text  # noqa: PLC0415  --help must be fast

    for knob in knobs():
        value = toml_text(value_of(loaded.settings, knob))
        print(f"{knob.key} = {value}  # {loaded.origins[knob.key]}")
