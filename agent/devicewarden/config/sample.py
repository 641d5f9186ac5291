"""The sample configuration, made from the settings: a commented line for each."""

from collections.abc import Iterator
from typing import Final

from devicewarden.config.knobs import Knob, knobs_of, sections
from devicewarden.config.toml_text import toml_text

_UNITS: Final = {"_s": "seconds", "_bytes": "bytes", "_days": "days"}
_HEAD: Final = """\
# The configuration of DeviceWarden. An empty file is valid.
#
# Each commented setting shows its default: remove the # and change what you need, then
#   devicewarden check-config      tells everything that is wrong,
#   devicewarden config show       tells each value in force and where it comes from,
#   systemctl reload devicewarden  puts it in force.
# Files in conf.d/ beside this one and DEVICEWARDEN_<SECTION>__<KEY> in the environment win over it.
# This file is made from the code by `make docs`.
"""


def render() -> str:
    """Write the sample file; with all settings uncommented it loads, and equals the defaults."""
    return _HEAD + "".join(_section(name, table) for name, table in sections().items())


def limits(knob: Knob) -> str:
    """Tell unit, bounds or choices of a setting: `seconds, 1 to 86400`; empty where none apply."""
    facts = [unit for suffix, unit in _UNITS.items() if knob.name.endswith(suffix)]
    if knob.choices:
        facts.append(f"one of {', '.join(map(toml_text, knob.choices))}")
    elif knob.maximum is not None:
        facts.append(f"{knob.minimum:,} to {knob.maximum:,}")
    elif knob.minimum is not None:
        facts.append(f"at least {knob.minimum:,}")
    return ", ".join(facts)


def _section(name: str, table: type) -> str:
    lines = [f"\n# {table.__doc__}\n[{name}]\n"]
    lines += [line for knob in knobs_of(table, name) for line in _setting(knob)]
    return "".join(lines)


def _setting(knob: Knob) -> Iterator[str]:
    yield f"\n# {_sentence(knob)}\n"
    if knob.member:
        yield f"# Each is a table [[{knob.key}]] with these keys:\n"
        yield from (f"#   {m.name}: {_sentence(m)}\n" for m in knobs_of(knob.member))
    yield f"#{knob.name} = {toml_text(knob.default)}\n"


def _sentence(knob: Knob) -> str:
    return f"{knob.doc} ({limits(knob)})" if limits(knob) else knob.doc
