"""Which values keep to static criteria."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.detect.scenes import example, profile

from devicewarden.detect.shape import parse_metric_value
from devicewarden.detect.static import holds
from devicewarden.model.behavior import (
    CidrSet,
    MachineLearning,
    PortSet,
    StatisticalThreshold,
    Threshold,
    ValueSet,
)
from devicewarden.model.metric import IpAddressList, Number, NumberList, StringList
from devicewarden.model.violation import Addresses, Ports

CASES = [case for case in example("detect", "d10-evaluation-cases") if "observed" in case]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['behavior']}-{case['observed']}")
def test_example_gets_its_verdict(case: Any) -> None:
    behaviors = profile(*example("detect", "d01-profile-rules")["behaviors"]).behaviors
    behavior = next(each for each in behaviors if each.name == case["behavior"])
    criteria = behavior.criteria
    assert not isinstance(criteria, StatisticalThreshold | MachineLearning)

    value = parse_metric_value(behavior.metric, case["observed"])

    assert holds(criteria, value) is case["conforms"]


@pytest.mark.parametrize(
    ("comparison", "below", "equal", "above"),
    [
        ("less-than", True, False, False),
        ("less-than-equals", True, True, False),
        ("greater-than", False, False, True),
        ("greater-than-equals", False, True, True),
    ],
)
def test_comparison_states_the_normal_condition(
    comparison: Any, *, below: bool, equal: bool, above: bool
) -> None:
    criteria = Threshold(comparison, 5)

    assert [holds(criteria, Number(value)) for value in (4.9, 5, 5.1)] == [below, equal, above]


@pytest.mark.parametrize(
    ("criteria", "value", "expected"),
    [
        (PortSet(frozenset({22}), inside=True), Ports(frozenset({22})), True),
        (PortSet(frozenset({22}), inside=True), Ports(frozenset({22, 23})), False),
        (PortSet(frozenset({22}), inside=False), Ports(frozenset({23})), True),
        (PortSet(frozenset({22}), inside=False), Ports(frozenset({22, 23})), False),
        (ValueSet(frozenset({1.0, 2.0}), inside=True), NumberList((1, 2, 2)), True),
        (ValueSet(frozenset({1.0, 2.0}), inside=True), NumberList((1, 3)), False),
        (ValueSet(frozenset({99.0}), inside=False), NumberList((98.9,)), True),
        (ValueSet(frozenset({99.0}), inside=False), NumberList((98, 99)), False),
        (ValueSet(frozenset({"a"}), inside=True), StringList(("a",)), True),
        (ValueSet(frozenset({"a"}), inside=True), StringList(("A",)), False),
        (ValueSet(frozenset({"a"}), inside=False), StringList(("b",)), True),
        (ValueSet(frozenset({"a"}), inside=False), StringList(("a", "b")), False),
    ],
)
def test_allow_list_wants_all_inside_and_deny_list_none(
    criteria: Any, value: Any, *, expected: bool
) -> None:
    assert holds(criteria, value) is expected


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize(
    ("criteria", "empty"),
    [
        (PortSet, Ports(frozenset())),
        (CidrSet, Addresses(frozenset())),
        (ValueSet, StringList(())),
    ],
)
def test_empty_list_conforms(criteria: Any, empty: Any, *, inside: bool) -> None:
    assert holds(criteria(frozenset(), inside), empty) is True


NETWORKS = CidrSet(
    (
        ip_network("10.0.0.0/8"),
        ip_network("10.1.0.0/16"),
        ip_network("198.51.100.7/32"),
        ip_network("2001:db8::/32"),
        ip_network("::ffff:192.0.2.0/120"),
    ),
    inside=True,
)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.0.0.0", True),
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("9.255.255.255", False),
        ("198.51.100.7", True),
        ("198.51.100.8", False),
        ("2001:db8::1", True),
        ("2001:db9::", False),
        ("fe80::1%eth0", False),
        ("192.0.2.9", True),
        ("::ffff:192.0.2.9", True),
        ("::ffff:10.1.2.3", True),
        ("::ffff:11.1.2.3", False),
        ("::a01:203", False),
        ("no address", False),
        ("", False),
    ],
)
def test_address_is_judged_by_the_networks_of_its_family(address: str, *, expected: bool) -> None:
    assert holds(NETWORKS, Addresses(frozenset({address, "10.0.0.1"}))) is expected
    assert holds(NETWORKS, IpAddressList((address,))) is expected


@pytest.mark.parametrize(
    ("everything", "other"),
    [("0.0.0.0/0", "::1"), ("::/0", "127.0.0.1"), ("::/0", "::ffff:1.2.3.4")],
)
def test_even_everything_of_one_family_holds_nothing_of_the_other(
    everything: str, other: str
) -> None:
    value = Addresses(frozenset({other}))

    assert holds(CidrSet((ip_network(everything),), inside=True), value) is False
    assert holds(CidrSet((ip_network(everything),), inside=False), value) is True


def test_what_is_no_address_is_in_no_network() -> None:
    networks = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    value = IpAddressList(("example.org",))

    assert holds(CidrSet(networks, inside=True), value) is False
    assert holds(CidrSet(networks, inside=False), value) is True


@pytest.mark.parametrize(
    ("criteria", "value"),
    [
        (Threshold("less-than", 5), Ports(frozenset({1}))),
        (PortSet(frozenset({22}), inside=True), Number(22)),
        (PortSet(frozenset({22}), inside=True), NumberList((22,))),
        (CidrSet((), inside=True), StringList(("10.0.0.1",))),
        (ValueSet(frozenset({"1"}), inside=True), NumberList((1,))),
        (ValueSet(frozenset({1.0}), inside=True), StringList(("1",))),
    ],
)
def test_value_of_another_kind_is_not_judged(criteria: Any, value: Any) -> None:
    assert holds(criteria, value) is None


addresses = st.ip_addresses().map(str) | st.integers(0, 600).map(
    lambda n: f"10.0.{n >> 8}.{n % 256}"
)


def is_not_mapped(address: Any) -> bool:
    return address.ipv4_mapped is None


networks = st.builds(
    lambda address, length: ip_network(f"{address}/{length}", strict=False),
    st.ip_addresses(v=4) | st.integers(0, 600).map(lambda n: ip_address(0x0A000000 + n)),
    st.integers(0, 32),
) | st.builds(
    lambda address, length: ip_network(f"{address}/{length}", strict=False),
    st.ip_addresses(v=6).filter(is_not_mapped),
    st.integers(0, 128),
)


@given(st.lists(networks, max_size=8), st.sets(addresses, max_size=20))
def test_ranges_agree_with_asking_each_network_about_each_address(
    listed: list[Any], seen: set[str]
) -> None:
    def is_listed(text: str) -> bool:
        address = ip_address(text)
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in listed)

    value, tally = Addresses(frozenset(seen)), [is_listed(text) for text in seen]

    assert holds(CidrSet(tuple(listed), inside=True), value) is all(tally)
    assert holds(CidrSet(tuple(listed), inside=False), value) is (not any(tally))
