"""What jobs ordered, and when it is followed."""

import dataclasses
from pathlib import Path

import pytest

from devicewarden.config.orders import with_orders
from devicewarden.config.rules import broken_rules
from devicewarden.config.settings import ReportSettings, Settings, StateSettings, ThingSettings
from devicewarden.state.orders import Orders


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    thing = ThingSettings(name="edge-1", client_id="edge-1")
    return Settings(thing=thing, state=StateSettings(dir=str(tmp_path)))


def interval_of(settings: Settings) -> int:
    return with_orders(settings, broken_rules).report.interval_s


def test_an_order_is_followed_until_another_value_is_configured(settings: Settings) -> None:
    Orders(Path(settings.state.dir)).set_interval(900, configured=300)
    changed = dataclasses.replace(settings, report=ReportSettings(interval_s=600))

    assert interval_of(settings) == 900
    assert interval_of(changed) == 600


def test_an_order_that_the_rules_refuse_is_not_followed(settings: Settings) -> None:
    Orders(Path(settings.state.dir)).set_interval(5, configured=300)

    assert interval_of(settings) == 300


def test_a_second_order_remembers_what_is_configured(settings: Settings) -> None:
    orders = Orders(Path(settings.state.dir))
    orders.set_interval(900, configured=orders.configured_interval(300))

    assert orders.configured_interval(900) == 300


def test_an_order_that_is_withdrawn_is_gone(settings: Settings) -> None:
    orders = Orders(Path(settings.state.dir))
    orders.set_interval(900, configured=300)

    orders.withdraw()

    assert interval_of(settings) == 300


@pytest.mark.parametrize("text", ["", "[", "[]", '{"report.interval_s": 9}'], ids=str)
def test_what_is_no_order_is_not_followed(settings: Settings, text: str) -> None:
    (Path(settings.state.dir) / "orders.json").write_text(text)

    assert interval_of(settings) == 300
