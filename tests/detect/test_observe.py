"""What a sample means in the words of behaviors."""

from collections.abc import Mapping

import pytest
from tests.detect.scenes import START

from devicewarden.detect.observe import Observer, OwnConnection
from devicewarden.model.metric import (
    CLOSED_TCP_PORTS,
    CLOSED_UDP_PORTS,
    DESTINATIONS,
    ESTABLISHED_CONNECTIONS,
    LISTENING_TCP_PORTS,
    LISTENING_UDP_PORTS,
    NETWORK_TRAFFIC,
    TCP_OPENS,
    Connection,
    Connections,
    Destinations,
    InterfaceTotals,
    IpAddressList,
    Listener,
    Listeners,
    Metrics,
    Number,
    NumberList,
    RawValue,
    Sample,
    StringList,
    TcpOpens,
    Traffic,
)
from devicewarden.model.violation import Addresses, Ports

ANY_SSH = Listener("::", 22, None)
LOCAL_SQL = Listener("127.0.0.1", 5432, "lo")
OUT = Connection("198.51.100.20", 8883, "192.0.2.7", 51544, "eth0")
LOCAL = Connection("::1", 5432, "::1", 40000, "lo")


def sample(values: Mapping[str, RawValue]) -> Sample:
    return Sample(taken_at=START, uptime_s=77.0, boot_id="b", values=values, failed={})


def moved(traffic: Traffic) -> Metrics:
    return Metrics(taken_at=START, interval_s=1.5, values={NETWORK_TRAFFIC: traffic})


def test_absent_metric_is_absent() -> None:
    observation = Observer().observe(sample({}))

    assert (observation.values, observation.brief) == ({}, {})
    assert (observation.at, observation.uptime_s, observation.boot_id) == (START, 77.0, "b")


def test_listeners_are_ports_and_the_count_that_the_report_tells() -> None:
    """The report lists each port of each interface once."""
    twins = {Listener("0.0.0.0", 22, None), ANY_SSH, Listener("192.0.2.7", 22, "eth0")}
    raw: dict[str, RawValue] = {
        LISTENING_TCP_PORTS: Listeners(frozenset(twins)),
        LISTENING_UDP_PORTS: Listeners(frozenset()),
    }

    values = Observer().observe(sample(raw)).values

    assert values == {
        "aws:listening-tcp-ports": Ports(frozenset({22})),
        "aws:num-listening-tcp-ports": Number(2),
        "aws:listening-udp-ports": Ports(frozenset()),
        "aws:num-listening-udp-ports": Number(0),
    }


def test_connections_are_destinations_and_a_count() -> None:
    raw = {ESTABLISHED_CONNECTIONS: Connections(frozenset({OUT, LOCAL}))}

    assert Observer().observe(sample(raw)).values == {
        "aws:destination-ip-addresses": Addresses(frozenset({"198.51.100.20", "::1"})),
        "aws:num-established-tcp-connections": Number(2),
    }


def test_where_destinations_are_sampled_the_list_of_connections_tells_their_number_alone() -> None:
    observer = Observer()
    quiet = {DESTINATIONS: Destinations(frozenset({"198.51.100.20"}), missed=3)}
    slow = {ESTABLISHED_CONNECTIONS: Connections(frozenset({OUT, LOCAL}))}

    first, second = observer.observe(sample(quiet)).values, observer.observe(sample(slow)).values

    assert first == {"aws:destination-ip-addresses": Addresses(frozenset({"198.51.100.20"}))}
    assert second == {"aws:num-established-tcp-connections": Number(2)}


def test_loopback_counts_only_where_it_is_wanted() -> None:
    raw: dict[str, RawValue] = {
        LISTENING_TCP_PORTS: Listeners(frozenset({ANY_SSH, LOCAL_SQL})),
        ESTABLISHED_CONNECTIONS: Connections(frozenset({OUT, LOCAL})),
        CLOSED_TCP_PORTS: Listeners(frozenset({LOCAL_SQL})),
    }

    observation = Observer(include_loopback=False).observe(sample(raw))
    reached = Observer(include_loopback=False).observe(
        sample({DESTINATIONS: Destinations(frozenset({"::1", "127.9.9.9", "10.0.0.1"}), missed=0)})
    )

    assert observation.values == {
        "aws:listening-tcp-ports": Ports(frozenset({22})),
        "aws:num-listening-tcp-ports": Number(1),
        "aws:destination-ip-addresses": Addresses(frozenset({"198.51.100.20"})),
        "aws:num-established-tcp-connections": Number(1),
    }
    assert observation.brief == {}
    assert reached.values == {"aws:destination-ip-addresses": Addresses(frozenset({"10.0.0.1"}))}


def test_listeners_that_closed_are_brief_elements() -> None:
    raw: dict[str, RawValue] = {
        CLOSED_TCP_PORTS: Listeners(frozenset({ANY_SSH})),
        CLOSED_UDP_PORTS: Listeners(frozenset()),
    }

    observation = Observer().observe(sample(raw))

    assert observation.brief == {"aws:listening-tcp-ports": Ports(frozenset({22}))}
    assert observation.values == {}


def test_a_listener_that_was_seen_before_it_closed_is_not_brief() -> None:
    observer = Observer()
    observer.observe(sample({LISTENING_TCP_PORTS: Listeners(frozenset({ANY_SSH}))}))

    closed = observer.observe(
        sample(
            {
                LISTENING_TCP_PORTS: Listeners(frozenset()),
                CLOSED_TCP_PORTS: Listeners(frozenset({ANY_SSH, LOCAL_SQL})),
            }
        )
    )

    assert closed.brief == {"aws:listening-tcp-ports": Ports(frozenset({LOCAL_SQL.port}))}


def test_traffic_is_taken_as_increments_over_its_interval() -> None:
    totals = InterfaceTotals({2: Traffic(9, 9, 9, 9)})
    raw: dict[str, RawValue] = {NETWORK_TRAFFIC: totals, TCP_OPENS: TcpOpens(1, 1)}

    observation = Observer().observe(sample(raw), moved(Traffic(1, 2, 3, 4)))

    assert observation.interval_s == 1.5
    assert observation.values == {
        "aws:all-bytes-in": Number(1),
        "aws:all-bytes-out": Number(2),
        "aws:all-packets-in": Number(3),
        "aws:all-packets-out": Number(4),
    }


def test_first_sample_tells_no_traffic() -> None:
    raw = {NETWORK_TRAFFIC: InterfaceTotals({2: Traffic(9, 9, 9, 9)})}

    assert Observer().observe(sample(raw)).values == {}


def test_own_connection_stands_in_for_what_the_cloud_measures() -> None:
    own = OwnConnection(
        messages_sent=1, messages_received=2, connection_attempts=3, disconnects=4,
        authorization_failures=0, largest_message_bytes=900, source_address="192.0.2.7",
    )  # fmt: skip

    assert Observer().observe(sample({}), own=own).values == {
        "aws:num-messages-sent": Number(1),
        "aws:num-messages-received": Number(2),
        "aws:num-connection-attempts": Number(3),
        "aws:num-disconnects": Number(4),
        "aws:num-authorization-failures": Number(0),
        "aws:message-byte-size": Number(900),
        "aws:source-ip-address": Addresses(frozenset({"192.0.2.7"})),
    }
    assert Observer().observe(sample({}), own=OwnConnection()).values == {}


@pytest.mark.parametrize(
    "value",
    [Number(-1.5), NumberList((1, 2)), StringList(("a",)), IpAddressList(("192.0.2.1",))],
)
def test_custom_metric_goes_by_its_name(value: RawValue) -> None:
    assert Observer().observe(sample({"mine": value})).values == {"mine": value}


def test_list_that_is_the_same_object_is_translated_once() -> None:
    observer, raw = Observer(), {LISTENING_TCP_PORTS: Listeners(frozenset({ANY_SSH}))}

    first, second = observer.observe(sample(raw)), observer.observe(sample(dict(raw)))

    assert first.values[LISTENING_TCP_PORTS] is second.values[LISTENING_TCP_PORTS]
    changed = observer.observe(sample({LISTENING_TCP_PORTS: Listeners(frozenset())}))
    assert changed.values[LISTENING_TCP_PORTS] == Ports(frozenset())
