"""A device without a thing name has one that a topic takes, whatever its host is called."""

import os
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.config.host_name import thing_name_of
from devicewarden.config.load import load
from devicewarden.config.names import thing_name
from devicewarden.config.settings import Settings, ThingSettings
from devicewarden.doctor.examine import judge_configuration


class Uname(NamedTuple):
    nodename: str


@pytest.mark.parametrize(
    ("host", "thing"),
    [
        ("gateway-7.plant.example", "gateway-7.plant.example"),
        ("line/3", "line-3"),
        ("a+b#c", "a-b-c"),
        ("tab\there", "tab-here"),
        ("\udcff", "-"),
        ("", "devicewarden"),
    ],
    ids=ascii,
)
def test_a_host_name_becomes_a_thing_name(host: str, thing: str) -> None:
    assert thing_name_of(host) == thing


@given(st.binary(max_size=64).map(os.fsdecode))
def test_every_host_name_makes_a_thing_name_that_the_rules_allow(host: str) -> None:
    settings = Settings(thing=ThingSettings(name=thing_name_of(host)))

    assert list(thing_name(settings)) == []


@pytest.mark.parametrize("host", ["line/3", ""])
def test_a_host_name_that_no_topic_takes_is_replaced_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(os, "uname", lambda: Uname(host))

    loaded = load(None, {}, default=tmp_path / "absent.toml")
    verdict = judge_configuration(loaded)

    assert loaded.settings.thing.name == loaded.settings.thing.client_id == thing_name_of(host)
    assert loaded.origins["thing.name"] == f'default (host name "{host}", which no topic takes)'
    assert (verdict.status, verdict.hint) == ("warning", "set thing.name, or the host's name")


def test_a_configured_name_is_nobodys_worry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "uname", lambda: Uname("line/3"))
    (tmp_path / "config.toml").write_text('[thing]\nname = "line-3"\n')

    verdict = judge_configuration(load(tmp_path / "config.toml", {}))

    assert verdict.status == "ok"
