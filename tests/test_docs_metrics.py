"""What docs/metrics.md promises, tried out."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from devicewarden.collect.custom_commands import CustomCommands
from devicewarden.collect.custom_files import MAX_FILES, CustomFiles
from devicewarden.collect.custom_value import (
    MAX_ITEMS,
    MAX_JSON_BYTES,
    MAX_STRING,
    parse_document,
)
from devicewarden.config.load import load
from devicewarden.config.settings import BUILT_IN_METRICS, CustomMetricsSettings
from devicewarden.model.metric import Number

TEXT = (Path(__file__).parent.parent / "docs" / "metrics.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def configured(toml: str, folder: Path) -> CustomMetricsSettings:
    (folder / "config.toml").write_text(toml)
    return load(folder / "config.toml", {}).settings.custom_metrics


@pytest.fixture
def settings(tmp_path: Path) -> CustomMetricsSettings:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "state").mkdir()
    toml = "\n".join([*blocks("toml"), f'[state]\ndir = "{tmp_path}/state"\n'])
    return configured(toml.replace("/run/device-metrics", f"{tmp_path}/metrics"), tmp_path)


def test_every_built_in_metric_has_a_row() -> None:
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| (?!TCP|UDP|bytes and)", TEXT, re.MULTILINE)

    assert tuple(rows) == BUILT_IN_METRICS


@pytest.mark.parametrize(
    "limit",
    [
        f"the first {MAX_FILES} by name",
        f"{MAX_JSON_BYTES} bytes",
        f"{MAX_ITEMS} items",
        f"1 to {MAX_STRING} printable",
    ],
)
def test_limits_are_those_of_the_code(limit: str) -> None:
    assert limit in TEXT


def test_every_example_of_a_file_is_a_metric() -> None:
    examples = [line for block in blocks("json") for line in block.splitlines()]

    assert len({type(parse_document(json.loads(example))) for example in examples}) == 4


@pytest.mark.e2e
def test_the_shell_commands_make_a_metric(settings: CustomMetricsSettings) -> None:
    for script in blocks("sh"):
        subprocess.run(  # noqa: S603 - our own documentation
            ["/bin/sh", "-eu", "-c", script],
            env={"PATH": os.defpath, "folder": settings.directory},
            check=True,
        )

    assert CustomFiles(settings.directory).collect() == {"cabinet_celsius": Number(21.5)}


@pytest.mark.e2e
def test_the_command_of_the_example_makes_a_metric(settings: CustomMetricsSettings) -> None:
    commands = CustomCommands(settings.commands)

    assert set(commands.collect()) == {"kernel_tainted"}
    assert commands.problems == {}
