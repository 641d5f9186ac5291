"""What stays reachable whatever is blocked."""

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from tests.mitigate.hosts import settings_of

from devicewarden.config.settings import PublishSettings, Settings
from devicewarden.mitigate.ways import (
    MAX_ADDRESSES,
    Ways,
    check_way_out,
    find_ways,
    read_resolvers,
)
from devicewarden.model.errors import MitigationError


def with_publish(**changed: object) -> Settings:
    return replace(settings_of(), publish=replace(PublishSettings(), **changed))  # type: ignore[arg-type]  # knobs of any type


@pytest.mark.parametrize(
    ("publish", "host", "port"),
    [
        ({"endpoint": "b.example"}, "b.example", 8883),
        ({"endpoint": "b.example", "tls": False}, "b.example", 1883),
        ({"endpoint": "b.example", "port": 443}, "b.example", 443),
        ({"endpoint": "b.example", "proxy_host": "p.example"}, "p.example", 3128),
        ({"endpoint": ""}, "", 0),
        ({"endpoint": "greengrass"}, "", 0),
    ],
)
def test_the_way_to_the_broker_is_kept(publish: dict[str, object], host: str, port: int) -> None:
    ways = find_ways(with_publish(**publish), (), lambda _host: ("192.0.2.9",))

    assert (ways.host, ways.port, bool(ways.brokers)) == (host, port, bool(host))


def test_addresses_that_the_broker_had_stay_and_are_bounded() -> None:
    known = [f"10.0.{n // 256}.{n % 256}" for n in range(100)]

    ways = find_ways(settings_of(), known, lambda _host: ("192.0.2.9",))

    assert ways.brokers[:2] == ("192.0.2.9", "10.0.0.0")
    assert len(ways.brokers) == MAX_ADDRESSES


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nameserver 192.0.2.1\nnameserver 2001:db8::1\n", ("192.0.2.1", "2001:db8::1")),
        ("nameserver fe80::1%eth0\nsearch x\n", ("fe80::1",)),
        ("nameserver 127.0.0.53\n", ("0.0.0.0/0", "::/0")),
        ("nameserver\nnameserver nonsense\n\0\xff", ("0.0.0.0/0", "::/0")),
    ],
)
def test_resolvers_are_those_of_the_device(
    tmp_path: Path, text: str, found: tuple[str, ...]
) -> None:
    (tmp_path / "resolv.conf").write_text(text, encoding="latin-1")

    assert read_resolvers([tmp_path / "none", tmp_path / "resolv.conf"]) == found


@pytest.mark.parametrize(
    ("network", "covered"),
    [
        ("192.0.2.9/32", True),
        ("10.1.0.0/16", True),
        ("10.0.0.0/7", False),
        ("198.51.100.1/32", False),
        ("2001:db8::1/128", False),
    ],
)
def test_what_must_stay_reachable_cannot_be_blocked(network: str, *, covered: bool) -> None:
    ways = Ways(host="b", port=1, brokers=("192.0.2.9",), allowed=("10.0.0.0/8",))

    assert ways.cover(ip_network(network)) is covered


@pytest.mark.parametrize("endpoint", ["b.example", "greengrass"])
def test_a_quarantine_that_would_lose_the_broker_is_refused(endpoint: str) -> None:
    settings = with_publish(endpoint=endpoint)
    ways = find_ways(settings, (), lambda _host: ())

    with pytest.raises(MitigationError):
        check_way_out(settings, ways)


def test_networks_that_overlap_are_one_for_nft() -> None:
    ways = Ways(allowed=("10.0.0.0/8", "10.1.0.0/16", "2001:db8::/33", "2001:db8:8000::/33"))

    sets = ways.sets()

    assert (sets["allowed4"], sets["allowed6"]) == (["10.0.0.0/8"], ["2001:db8::/32"])
