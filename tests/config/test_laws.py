"""What holds for every configuration."""

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from devicewarden.config.knobs import Knob, knobs, sections, value_of
from devicewarden.config.load import load
from devicewarden.config.settings import CommandMetric, Settings
from devicewarden.config.toml_text import toml_text
from devicewarden.model.errors import ConfigError, Problem

LINE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
NAME = LINE.filter(lambda name: name.isprintable() and len(name.encode()) < 129)
FREE_TEXT = {
    "thing.name": NAME.filter(lambda name: not set(name) & set("+#/")),
    "thing.client_id": NAME,
    "publish.username": LINE,
    "publish.pkcs11_key_label": LINE,
    "state.dir": LINE.map(lambda name: f"/{name}"),
}
RELATED = {"report.interval_s", "publish.reply_timeout_s", "publish.first_wait_s", "publish.port"}
COMMANDS = st.lists(
    st.builds(
        CommandMetric,
        name=st.from_regex(r"[b-z0-9:-]{1,128}", fullmatch=True),
        type=st.sampled_from(["number", "number-list", "string-list", "ip-address-list"]),
        argv=st.lists(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
            min_size=1,
        ).map(tuple),
        timeout_s=st.floats(0.1, 60),
    ),
    unique_by=lambda command: command.name,
    max_size=3,
).map(tuple)


def values_for(knob: Knob) -> st.SearchStrategy[Any]:
    if knob.key in FREE_TEXT:
        return FREE_TEXT[knob.key]
    if knob.key == "custom_metrics.commands":
        return COMMANDS
    if knob.choices:
        return st.sampled_from(knob.choices)
    if knob.key in RELATED or knob.minimum is None or knob.maximum is None:
        return st.just(knob.default)
    if knob.type is int:
        return st.integers(int(knob.minimum), int(knob.maximum))
    return st.floats(max(knob.minimum, 5), knob.maximum)


@st.composite
def settings_values(draw: st.DrawFn) -> Settings:
    settings = Settings()
    for knob in knobs():
        section = replace(
            getattr(settings, knob.section), **{knob.name: draw(values_for(knob), label=knob.key)}
        )
        settings = replace(settings, **{knob.section: section})
    return settings


def toml_of(settings: Settings) -> str:
    lines = []
    for section in sections():
        lines.append(f"[{section}]")
        lines += [
            f"{knob.name} = {toml_text(value_of(settings, knob))}"
            for knob in knobs()
            if knob.section == section
        ]
    return "\n".join(lines)


def load_content(content: bytes, environ: Mapping[str, str]) -> Settings:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.toml")
        config.write_bytes(content)
        return load(config, environ).settings


def loaded_or_refused(content: bytes, environ: Mapping[str, str]) -> Settings | tuple[Problem, ...]:
    try:
        return load_content(content, environ)
    except ConfigError as error:
        return error.problems


@given(settings_values())
@effort(max_examples=50, deadline=None)
def test_settings_written_as_toml_load_back_equal(settings: Settings) -> None:
    text = toml_of(settings)

    loaded = load_content(text.encode(), {})

    assert asdict(loaded) == asdict(settings)
    assert loaded == settings


NAMES = [*sections(), *(knob.name for knob in knobs()), *(knob.key for knob in knobs()), "x"]
TOKENS = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from(
        ["[", "]", "[[", "]]", "{", "}", "=", "=", "\n", "\n", ",", ".", '"', "'", "#"]
    ),
    st.sampled_from(["1", "1e999", "-0", "0x7f", "true", "nan", "1979-05-27", '"a"', '"\\u0000"']),
    st.text(max_size=3),
)
PAIRS = st.tuples(st.sampled_from(NAMES), TOKENS).map(lambda pair: f"{pair[0]} = {pair[1]}\n")
HEADERS = st.sampled_from(NAMES).map(lambda name: f"[{name}]\n")
DOCUMENTS = st.lists(TOKENS | PAIRS | HEADERS, max_size=12).map("".join)


@effort(deadline=None)
@given(DOCUMENTS.map(str.encode) | st.binary(max_size=50), st.text(max_size=9))
@example(b"a=1979-05-27T00:00:00+25:00", "")
@example(b"[custom_metrics.commands.x]", "[{}]")
def test_any_text_loads_or_is_a_configuration_error(content: bytes, value: str) -> None:
    environ = {knob.variable: value for knob in list(knobs())[::7]}

    result = loaded_or_refused(content, environ)

    match result:
        case Settings():
            assert result.thing.name
        case problems:
            assert problems
            assert all(str(problem).isprintable() for problem in problems)
