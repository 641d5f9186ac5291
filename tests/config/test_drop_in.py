"""The drop-in of `setup`: what it says, where it goes, and what a power cut leaves."""

import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.config.drop_in import place, put, render, staged
from devicewarden.config.load import load
from devicewarden.model.errors import ConfigError


@given(
    endpoint=st.text(st.characters(exclude_categories=["Cs"])),
    port=st.integers(0, 65535),
    tls=st.booleans(),
)
def test_what_is_rendered_reads_back_as_it_was(endpoint: str, port: int, *, tls: bool) -> None:
    text = render(
        {"publish.endpoint": endpoint, "thing.name": "a", "publish.port": port, "publish.tls": tls}
    )

    assert tomllib.loads(text) == {
        "publish": {"endpoint": endpoint, "port": port, "tls": tls},
        "thing": {"name": "a"},
    }


def test_a_drop_in_is_judged_together_with_the_files_beside_it(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[report]\ninterval_s = 100\n[thing]\nname = "old"\n')
    place(config).parent.mkdir()
    place(config).write_text("replaced = 1\n")
    place(config).with_name("20-site.toml").write_text('[report]\nformat = "cbor"\n')

    with staged(config, render({"publish.expect_reply": False, "thing.name": "new"})) as stage:
        settings = load(None, {}, default=stage).settings

    assert (settings.thing.name, settings.report.format) == ("new", "cbor")
    assert place(config).read_text() == "replaced = 1\n"


def test_problems_tell_where_they_will_be(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[log]\nlevl = 1\n")

    with (
        pytest.raises(ConfigError) as caught,
        staged(config, render({"publish.port": 99999})) as stage,
    ):
        load(None, {}, default=stage)

    assert [problem.where for problem in caught.value.problems] == [f"{config}:2", "given"]


def test_an_earlier_drop_in_is_kept_and_nothing_else_changes(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("# mine\n")

    assert put(config, "one = 1\n", needs_config=True) is None
    kept = put(config, "two = 2\n", needs_config=True)

    assert kept == place(config).with_name("10-setup.toml.bak")
    assert kept.read_text() == "one = 1\n"
    assert place(config).read_text() == "two = 2\n"
    assert stat.S_IMODE(place(config).stat().st_mode) == 0o644
    assert config.read_text() == "# mine\n"
    assert {path.name for path in place(config).parent.iterdir()} == {
        "10-setup.toml",
        "10-setup.toml.bak",
    }


@pytest.mark.parametrize("needs_config", [True, False])
def test_a_named_configuration_file_is_made_where_it_is_missing(
    tmp_path: Path, *, needs_config: bool
) -> None:
    config = tmp_path / "new" / "config.toml"

    put(config, "[thing]\n", needs_config=needs_config)

    assert config.exists() == needs_config
