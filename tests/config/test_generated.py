"""The sample configuration and the reference say what the code says."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from devicewarden.config import reference, sample
from devicewarden.config.knobs import knobs
from devicewarden.config.load import Loaded
from devicewarden.config.settings import Settings
from devicewarden.model.errors import ConfigError, Problem

LoadText = Callable[..., Loaded]
ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"(?s)```toml\n(.*?)```", GUIDE)


def without_names(settings: Settings) -> Settings:
    return replace(settings, thing=Settings().thing)


def test_the_sample_is_fresh() -> None:
    text = (ROOT / "packaging/config/config.toml").read_text(encoding="utf-8")

    assert text == sample.render(), "run make docs"


def test_the_reference_is_fresh() -> None:
    assert reference.fill(GUIDE) == GUIDE, "run make docs"


def test_the_sample_as_shipped_changes_nothing(load_text: LoadText) -> None:
    loaded = load_text(sample.render())

    assert without_names(loaded.settings) == Settings()
    assert not any(":" in origin for origin in loaded.origins.values())


def test_the_sample_uncommented_equals_the_defaults(load_text: LoadText) -> None:
    text = re.sub(r"(?m)^#(?=\S)", "", sample.render())

    loaded = load_text(text)

    assert without_names(loaded.settings) == Settings()
    assert all("config.toml:" in origin for origin in loaded.origins.values())


def test_the_sample_has_a_line_for_each_setting() -> None:
    commented = re.findall(r"(?m)^#(\w+) = ", sample.render())

    assert commented == [knob.name for knob in knobs()]


def problems_in(text: str, load_text: LoadText) -> tuple[Problem, ...]:
    try:
        load_text(text)
    except ConfigError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("text", EXAMPLES)
def test_each_example_in_the_guide_lacks_nothing_but_its_files(
    text: str, load_text: LoadText
) -> None:
    main, _, _ = text.partition("# conf.d")

    problems = problems_in(main, load_text)

    assert all("cannot be read: No such file" in problem.message for problem in problems)


def test_the_layers_in_the_guide_give_what_it_says(tmp_path: Path, load_text: LoadText) -> None:
    main, site = next(text for text in EXAMPLES if "# conf.d" in text).split("\n# conf.d")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/50-site.toml").write_text(site.split("\n", 1)[1])

    loaded = load_text(main.split("\n", 1)[1], {"DEVICEWARDEN_REPORT__NAMES": "short"})

    said = re.findall(r"(?m)^(report\.\w+) = .*  # (.*)$", GUIDE)
    assert len(said) == 4
    assert [loaded.origins[key].replace(str(tmp_path), "/etc/devicewarden") for key, _ in said] == [
        origin for _, origin in said
    ]


def test_the_guide_has_an_example_for_each_way_to_connect() -> None:
    sections = [tomllib.loads(text.partition("# conf.d")[0]) for text in EXAMPLES]

    used = {key for text in sections for key in text.get("publish", {})}
    assert used >= {"port", "key_file", "ca_file", "pkcs11_library", "proxy_host", "expect_reply"}
