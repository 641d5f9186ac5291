"""Which actions are chosen for what, and with which facts."""

from typing import Any

import pytest
from tests.mitigate.hosts import NOW, configured

from devicewarden.mitigate.choose import for_finding, for_violation
from devicewarden.model.action import PlannedAction
from devicewarden.model.action_mapping import FindingOrder, Orders, ViolationOrder
from devicewarden.model.action_params import CollectEvidence, Port, Quarantine

ACTIONS = configured(a=Quarantine(), b=CollectEvidence())


def violation(metric: str = "aws:listening-tcp-ports", **context: Any) -> dict[str, Any]:
    return {
        "violationId": "v1",
        "securityProfileName": "p",
        "behavior": {"name": "x", "metric": metric},
        "context": context,
    }


def finding(code: str = "CERTIFICATE_PAST_EXPIRATION") -> dict[str, Any]:
    return {
        "findingId": "f1",
        "checkName": "DEVICE_CERTIFICATE_EXPIRING_CHECK",
        "reasonForNonComplianceCode": code,
        "nonCompliantResource": {"resourceIdentifier": {"deviceCertificateId": "ab" * 32}},
    }


def names(planned: tuple[PlannedAction, ...]) -> list[str]:
    return [each.name for each in planned]


@pytest.mark.parametrize(
    ("order", "chosen"),
    [
        pytest.param({"profile": "p"}, ["a"], id="profile"),
        pytest.param({"profile": "p", "behavior": "x"}, ["a"], id="behavior"),
        pytest.param({"profile": "p", "behavior": "y"}, [], id="other-behavior"),
        pytest.param({"profile": "q"}, [], id="other-profile"),
        pytest.param({"violation_ids": ("v1",)}, ["a"], id="id"),
        pytest.param({"violation_ids": ("v2",)}, [], id="other-id"),
    ],
)
def test_a_violation_is_chosen_for_by_profile_behavior_or_id(
    order: dict[str, Any], chosen: list[str]
) -> None:
    orders = Orders(
        actions=ACTIONS, for_violations=(ViolationOrder(task_id="t", actions=("a",), **order),)
    )

    assert names(for_violation(orders, violation(), now=NOW, dry_run=False)) == chosen


@pytest.mark.parametrize(
    ("order", "chosen"),
    [
        pytest.param({}, ["b", "a"], id="check"),
        pytest.param({"codes": {"device-certificate-expiring": ("OTHER",)}}, [], id="other-code"),
        pytest.param({"codes": {"logging-disabled": ("OTHER",)}}, ["b", "a"], id="no-filter"),
        pytest.param({"finding_ids": ("f2",)}, [], id="other-id"),
    ],
)
def test_a_finding_is_chosen_for_by_check_code_and_id(
    order: dict[str, Any], chosen: list[str]
) -> None:
    actions = {"device-certificate-expiring": ("b", "a")}
    orders = Orders(
        actions=ACTIONS, for_findings=(FindingOrder(task_id="t", actions=actions, **order),)
    )

    planned = for_finding(orders, finding(), now=NOW, dry_run=False)

    assert names(planned) == chosen
    assert all(each.facts.resource == {"deviceCertificateId": "ab" * 32} for each in planned)


@pytest.mark.parametrize(
    ("document", "ports", "addresses"),
    [
        pytest.param(violation(offending=[23, "x", 70000]), (Port("TCP", 23),), (), id="tcp"),
        pytest.param(
            violation("aws:listening-udp-ports", offending=[53]), (Port("UDP", 53),), (), id="udp"
        ),
        pytest.param(
            violation("aws:destination-ip-addresses", offending=["192.0.2.7", "evil; drop"]),
            (),
            ("192.0.2.7",),
            id="addresses",
        ),
        pytest.param(violation("aws:all-bytes-out", offending=[1]), (), (), id="neither"),
        pytest.param(violation(offending="23"), (), (), id="no-list"),
    ],
)
def test_only_ports_and_addresses_become_facts(
    document: dict[str, Any], ports: tuple[Port, ...], addresses: tuple[str, ...]
) -> None:
    order = ViolationOrder(task_id="t", profile="p", actions=("a",))

    (planned,) = for_violation(
        Orders(actions=ACTIONS, for_violations=(order,)), document, now=NOW, dry_run=False
    )

    assert (planned.facts.ports, planned.facts.addresses) == (ports, addresses)


def test_two_orders_that_name_an_action_have_it_done_once() -> None:
    twice = tuple(ViolationOrder(task_id=t, profile="p", actions=("a", "b")) for t in ("t", "u"))

    planned = for_violation(
        Orders(actions=ACTIONS, for_violations=twice), violation(), now=NOW, dry_run=False
    )

    assert names(planned) == ["a", "b"]


def test_a_dry_run_does_not_stand_in_for_what_follows_it() -> None:
    order = ViolationOrder(task_id="t", profile="p", actions=("a",))
    orders = Orders(actions=ACTIONS, for_violations=(order,))

    (dry,) = for_violation(orders, violation(), now=NOW, dry_run=True)
    (wet,) = for_violation(orders, violation(), now=NOW, dry_run=False)

    assert dry.action_id != wet.action_id
