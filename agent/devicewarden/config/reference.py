"""The table of all settings in `docs/configuration.md`, made from the settings."""

from dataclasses import MISSING
from typing import Final

from devicewarden.config.knobs import Knob, knobs, knobs_of, sections
from devicewarden.config.sample import limits
from devicewarden.config.toml_text import toml_text

BEGIN: Final = "<!-- made by `make docs` from here -->\n"
END: Final = "<!-- to here -->\n"
_HEAD: Final = "| setting | default | limits | what it does |\n| --- | --- | --- | --- |\n"


def fill(document: str) -> str:
    """Put the tables of all settings between the marks of a document.

    Raises:
        ValueError: a mark is missing.
    """
    before, rest = document.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{tables()}{END}{after}"


def tables() -> str:
    """Write a Markdown table for each section."""
    text = "".join(
        _table(f"`[{name}]`", table, list(knobs_of(table, name)))
        for name, table in sections().items()
    )
    members = "".join(
        _table(f"`[[{knob.key}]]`", knob.member, list(knobs_of(knob.member)))
        for knob in knobs()
        if knob.member
    )
    return f"{text}{members}\n"


def _table(title: str, table: type, knobs: list[Knob]) -> str:
    return f"\n### {title}\n\n{table.__doc__}\n\n{_HEAD}{''.join(map(_row, knobs))}"


def _row(knob: Knob) -> str:
    default = "required" if knob.default is MISSING else f"`{toml_text(knob.default)}`"
    return f"| `{knob.name}` | {default} | {limits(knob)} | {knob.doc} |\n"
