"""What docs/profiles.md promises, tried out."""

import json
import re
from pathlib import Path

import pytest

from devicewarden.config.load import load
from devicewarden.config.profile import parse_profile
from devicewarden.config.profile_files import MAX_BYTES
from devicewarden.config.profile_folder import MAX_FILES
from devicewarden.config.profile_schema import (
    CUSTOM_SHAPES,
    FITS,
    MAX_BEHAVIORS,
    MAX_DATAPOINTS,
    MAX_DURATION_S,
    MAX_VALUES,
    METRICS,
    NUMERIC,
)
from devicewarden.config.profile_targets import apply_here
from devicewarden.model.behavior import (
    CidrSet,
    MachineLearning,
    PortSet,
    StatisticalThreshold,
    Threshold,
    ValueSet,
)

TEXT = (Path(__file__).parent.parent / "docs" / "profiles.md").read_text(encoding="utf-8")
MEASURED = {
    "device": "yes",
    "agent": "of the agent's own connection",
    "nowhere": "no: no data",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


BEHAVIORS = [block for block in blocks("json") if block.startswith("[")]


@pytest.mark.parametrize("block", BEHAVIORS, ids=range(len(BEHAVIORS)))
def test_every_example_is_taken_here_and_by_aws_without_a_warning(block: str) -> None:
    parsed = parse_profile(json.loads(block), name="docs", aws=True)

    assert parsed.profile is not None
    assert parsed.problems == ()


def test_there_is_an_example_of_every_kind_of_criteria() -> None:
    profiles = [parse_profile(json.loads(block), name="docs").profile for block in BEHAVIORS]

    shown = {type(b.criteria) for profile in profiles if profile for b in profile.behaviors}

    assert shown == {
        Threshold,
        PortSet,
        CidrSet,
        ValueSet,
        StatisticalThreshold,
        MachineLearning,
    }


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| (`aws:.*|custom, .*) \|$", TEXT, re.MULTILINE)

    expected = [
        f"`{metric}` | `{FITS[standard.shape].key}` | {'yes' if standard.learned else 'no'} "
        f"| {MEASURED[standard.measured]}"
        for metric, standard in METRICS.items()
    ] + [
        f"custom, {shape} | `{FITS[shape].key}` | {'yes' if shape in NUMERIC else 'no'} | yes"
        for shape in CUSTOM_SHAPES
    ]

    assert rows == expected


@pytest.mark.parametrize(
    "limit",
    [
        f"{MAX_BEHAVIORS} behaviors",
        f"{MAX_VALUES} values",
        f"1 to {MAX_DATAPOINTS},",
        f"up to {MAX_DURATION_S // 86_400} days",
        f"at most {MAX_BYTES >> 20} MiB",
        f"folder {MAX_FILES} files",
    ],
)
def test_limits_are_those_of_the_code(limit: str) -> None:
    assert limit in TEXT


def test_the_example_with_targets_is_in_force_with_the_example_of_settings(tmp_path: Path) -> None:
    (document,) = (block for block in blocks("json") if block.startswith("{"))
    (tmp_path / "config.toml").write_text("\n".join(blocks("toml")))
    settings = load(tmp_path / "config.toml", {}).settings

    parsed = parse_profile(json.loads(document), name="")

    assert parsed.profile is not None
    assert apply_here(parsed.targets, settings.detect.thing_groups)
    assert not apply_here(parsed.targets, ())
