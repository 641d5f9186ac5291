"""`devicewarden config show`: each value in force and where it comes from."""

import dataclasses
import json
from collections.abc import Mapping
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
    sections = dataclasses.asdict(loaded.settings)
    if form == "json":
        print(json.dumps(_document(sections, loaded.origins), indent=2))
    else:
        _print_lines(loaded)


def _document(sections: dict[str, Any], origins: Mapping[str, str]) -> dict[str, Any]:
    keys = {key: key.split(".") for key in origins}
    return {
        key: {"value": sections[section][name], "origin": origins[key]}
        for key, (section, name) in keys.items()
    }


def _print_lines(loaded: "Loaded") -> None:
    # `--help` does not need the settings, and must be fast.
    from devicewarden.config.knobs import knobs, value_of  # noqa: PLC0415
    from devicewarden.config.toml_text import toml_text  # noqa: PLC0415

    for knob in knobs():
        value = toml_text(value_of(loaded.settings, knob))
        print(f"{knob.key} = {value}  # {loaded.origins[knob.key]}")
