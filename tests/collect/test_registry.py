"""Which collectors run when."""

import pytest
from tests.collect.recorded import PROC, names

from devicewarden.collect.destinations import open_destinations
from devicewarden.collect.procfs import ProcSource
from devicewarden.collect.registry import quiet_collectors, report_collectors
from devicewarden.config.settings import CommandMetric, CustomMetricsSettings, Settings

FANS = CommandMetric("fans", "number", ("fans",))
SOURCE = ProcSource(names(), PROC)


def report_names(custom: CustomMetricsSettings) -> list[str]:
    return [each.name for each in report_collectors(Settings(custom_metrics=custom), SOURCE)]


def test_every_second_listeners_traffic_and_opens_are_read() -> None:
    assert [each.name for each in quiet_collectors(SOURCE)] == [
        "listening-tcp-ports",
        "listening-udp-ports",
        "network-traffic",
        "tcp-opens",
    ]


def test_destinations_take_the_place_of_the_count_of_opens_which_they_tell_as_well() -> None:
    collectors = quiet_collectors(SOURCE, open_destinations("proc"))

    assert [each.name for each in collectors][-1] == "destinations"
    assert len(collectors) == len(quiet_collectors(SOURCE))


def test_by_default_a_report_adds_connections_and_every_built_in_metric() -> None:
    assert report_names(CustomMetricsSettings()) == [
        "established-connections",
        "system",
        "failed-logins",
        "certificate",
    ]


@pytest.mark.parametrize(
    ("custom", "added"),
    [
        (CustomMetricsSettings(built_in=("failed_logins",)), "failed-logins"),
        (CustomMetricsSettings(built_in=("certificate_days_left",)), "certificate"),
        (CustomMetricsSettings(built_in=(), directory="/nowhere"), "custom-files"),
        (CustomMetricsSettings(built_in=(), commands=(FANS,)), "custom-commands"),
    ],
    ids=["logins", "certificate", "files", "commands"],
)
def test_what_is_configured_is_collected(custom: CustomMetricsSettings, added: str) -> None:
    nothing = CustomMetricsSettings(built_in=())

    assert report_names(nothing) == ["established-connections", "system"]
    assert report_names(custom) == [
        "established-connections",
        "system",
        added,
    ]


def test_names_of_collectors_are_unique() -> None:
    custom = CustomMetricsSettings(directory="/nowhere", commands=(FANS,))
    everything = report_names(custom) + [each.name for each in quiet_collectors(SOURCE)]

    assert len(set(everything)) == len(everything)
