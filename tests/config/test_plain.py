"""Settings travel from the process that judges them to the daemon without loss."""

import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from devicewarden.config.load import load
from devicewarden.config.plain import from_plain, plain
from devicewarden.config.settings import CommandMetric, CustomMetricsSettings, Settings

commands = st.builds(
    CommandMetric,
    name=st.text(),
    type=st.sampled_from(["number", "string-list"]),
    argv=st.lists(st.text(), max_size=3).map(tuple),
    timeout_s=st.floats(0.1, 60),
)


@given(st.lists(commands, max_size=3).map(tuple), st.lists(st.text(), max_size=3).map(tuple))
def test_settings_come_back_equal(
    found: tuple[CommandMetric, ...], built_in: tuple[str, ...]
) -> None:
    custom = CustomMetricsSettings(built_in=built_in, commands=found)
    settings = replace(Settings(), custom_metrics=custom)

    assert from_plain(json.loads(json.dumps(plain(settings)))) == settings


def test_loaded_settings_come_back_equal(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[report]\ninterval_s = 600\n[detect]\nsimulate = ["a", "b"]\n')
    settings = load(file, {}).settings

    assert from_plain(json.loads(json.dumps(plain(settings)))) == settings
