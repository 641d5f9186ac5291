"""Alarms of many things, by behavior."""

from devicewarden.sandbox.narrate_alarms import by_behavior


def test_things_are_counted_once_for_each_behavior() -> None:
    documents = [
        {"thingName": thing, "securityProfileName": "fleet", "behavior": {"name": name}}
        for thing, name in (("gw-2", "a"), ("gw-1", "a"), ("gw-1", "a"), ("gw-1", "b"))
    ]

    assert list(by_behavior(documents)) == ["2  fleet/a  gw-1 gw-2", "1  fleet/b  gw-1"]


def test_what_is_no_violation_is_shown_as_it_is() -> None:
    assert list(by_behavior([{"behavior": 7}])) == ["1  None/None  None"]
