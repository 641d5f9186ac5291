"""Which value stands where in a report."""

from datetime import UTC, datetime
from typing import Any

import pytest

from devicewarden.config.settings import ReportSettings
from devicewarden.model.errors import ReportError
from devicewarden.model.metric import (
    ESTABLISHED_CONNECTIONS,
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    NETWORK_TRAFFIC,
    TCP_OPENS,
    Connection,
    Connections,
    IpAddressList,
    Listener,
    Listeners,
    Metrics,
    MetricValue,
    Number,
    NumberList,
    StringList,
    TcpOpens,
    Traffic,
)
from devicewarden.report.build import build
from devicewarden.report.fit import LeftOut

SSH = Listener("0.0.0.0", 22, None)
PEER = Connection("198.51.100.20", 8883, "192.0.2.7", 51544, "eth0")


def document(values: dict[str, MetricValue], *, include_loopback: bool = True) -> Any:
    metrics = Metrics(taken_at=datetime(2026, 9, 1, tzinfo=UTC), interval_s=300, values=values)
    settings = ReportSettings(include_loopback=include_loopback)
    return build(metrics, report_id=1764000300, settings=settings).document


def tcp(*listeners: Listener, include_loopback: bool = True) -> Any:
    values: dict[str, MetricValue] = {LISTENING_TCP_PORTS: Listeners(frozenset(listeners))}
    built = document(values, include_loopback=include_loopback)
    return built["metrics"]["listening_tcp_ports"]


def established(*connections: Connection, include_loopback: bool = True) -> Any:
    values: dict[str, MetricValue] = {ESTABLISHED_CONNECTIONS: Connections(frozenset(connections))}
    built = document(values, include_loopback=include_loopback)
    return built["metrics"]["tcp_connections"]["established_connections"]


def custom(value: MetricValue) -> Any:
    return document({"metric": value})["custom_metrics"]["metric"]


def test_absent_metric_is_absent_and_the_metrics_block_is_not() -> None:
    header = {"report_id": 1764000300, "version": "1.0"}

    assert document({}) == {"header": header, "metrics": {}}


def test_nothing_listening_and_nothing_established_is_said_explicitly() -> None:
    """An empty list clears an alarm, a missing one does not."""
    nothing: dict[str, MetricValue] = {
        LISTENING_TCP_PORTS: Listeners(frozenset()),
        LISTENING_UDP_PORTS: Listeners(frozenset()),
        ESTABLISHED_CONNECTIONS: Connections(frozenset()),
    }

    assert document(nothing)["metrics"] == {
        "listening_tcp_ports": {"ports": [], "total": 0},
        "listening_udp_ports": {"ports": [], "total": 0},
        "tcp_connections": {"established_connections": {"connections": [], "total": 0}},
    }


def test_wildcard_listener_is_listed_without_an_interface_never_with_null() -> None:
    assert tcp(SSH, Listener("::", 23, None)) == {"ports": [{"port": 22}, {"port": 23}], "total": 2}


def test_addresses_of_one_interface_are_one_entry_and_interfaces_are_several() -> None:
    block = tcp(
        Listener("192.0.2.7", 443, "eth0"),
        Listener("2001:db8::7", 443, "eth0"),
        Listener("192.0.2.8", 443, "wlan0"),
        SSH,
        Listener("::", 22, None),
    )

    assert block == {
        "ports": [
            {"port": 22},
            {"port": 443, "interface": "eth0"},
            {"port": 443, "interface": "wlan0"},
        ],
        "total": 3,
    }


def test_udp_listeners_have_their_own_block() -> None:
    built = document({LISTENING_UDP_PORTS: Listeners(frozenset({SSH}))})

    assert built["metrics"] == {"listening_udp_ports": {"ports": [{"port": 22}], "total": 1}}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.53", "::1"])
def test_loopback_listener_counts_unless_it_is_switched_off(address: str) -> None:
    listeners = (SSH, Listener(address, 631, "lo"))

    assert tcp(*listeners)["total"] == 2
    assert tcp(*listeners, include_loopback=False) == {"ports": [{"port": 22}], "total": 1}


def test_loopback_connection_counts_unless_it_is_switched_off() -> None:
    connections = (PEER, Connection("::1", 5432, "::1", 40000, "lo"))

    assert established(*connections)["total"] == 2
    assert established(*connections, include_loopback=False)["total"] == 1


def test_ipv6_peer_stands_in_brackets() -> None:
    block = established(PEER, Connection("2001:db8::17", 8883, "2001:db8::7", 43210, None))

    assert block["connections"] == [
        {"remote_addr": "198.51.100.20:8883", "local_port": 51544, "local_interface": "eth0"},
        {"remote_addr": "[2001:db8::17]:8883", "local_port": 43210},
    ]


def test_traffic_is_sent_and_opens_are_not() -> None:
    values: dict[str, MetricValue] = {
        NETWORK_TRAFFIC: Traffic(48211, 12902, 131, 97),
        TCP_OPENS: TcpOpens(1, 2),
    }

    assert document(values)["metrics"] == {
        "network_stats": {
            "bytes_in": 48211,
            "bytes_out": 12902,
            "packets_in": 131,
            "packets_out": 97,
        }
    }


@pytest.mark.parametrize(
    ("value", "form"),
    [
        pytest.param(Number(12.5), {"number": 12.5}, id="number"),
        pytest.param(NumberList((41.5, -3)), {"number_list": [41.5, -3]}, id="number-list"),
        pytest.param(StringList(("overlay",)), {"string_list": ["overlay"]}, id="string-list"),
        pytest.param(IpAddressList(("::1",)), {"ip_list": ["::1"]}, id="ip-address-list"),
        pytest.param(StringList(()), {"string_list": []}, id="empty"),
        pytest.param(
            StringList(("eth\udc80",)), {"string_list": [r"eth\udc80"]}, id="undecodable-byte"
        ),
    ],
)
def test_custom_metric_is_a_list_of_one_object_of_one_member(
    value: MetricValue, form: dict[str, Any]
) -> None:
    assert custom(value) == [form]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        pytest.param(3.0, "3", id="whole"),
        pytest.param(-0.0, "0", id="minus-zero"),
        pytest.param(0.1 + 0.2, "0.3", id="sixteen-digits-are-not-retained-by-the-service"),
        pytest.param(1e300, "1e+300", id="no-three-hundred-digits"),
        pytest.param(1.7976931348623157e308, "1.7976931348623157e+308", id="largest"),
    ],
)
def test_number_has_its_shortest_form(value: float, sent: str) -> None:
    assert repr(custom(Number(value))[0]["number"]) == sent


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_number_that_is_not_finite_is_refused_before_it_is_sent(value: float) -> None:
    with pytest.raises(ReportError, match="has no place"):
        custom(NumberList((1, value)))


def test_whatever_fits_is_not_left_out() -> None:
    metrics = Metrics(
        taken_at=datetime(2026, 9, 1, tzinfo=UTC),
        interval_s=300,
        values={ESTABLISHED_CONNECTIONS: Connections(frozenset({PEER})), "metric": Number(1)},
    )

    report = build(metrics, report_id=7, settings=ReportSettings())

    assert (report.report_id, report.left_out) == (7, LeftOut())
