"""What is made of the kernel's word on sockets that closed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.collect.recorded import TCP, UDP, names, received
from tests.collect.told import Told

from devicewarden.collect.close_events import Closed, CloseEvents, handed_out_ports
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import Listener

HANDED_OUT = range(32768, 61000)
BOUND_ONLY = Listener("127.0.0.1", 7777, "lo")
NOTHING = Closed(frozenset(), frozenset(), frozenset(), 0)


def close_events(tcp: Told | None = None, udp: Told | None = None) -> CloseEvents:
    return CloseEvents(names(), tcp or Told(), udp or Told(), HANDED_OUT)


def test_every_kind_of_listener_is_told_when_it_closes() -> None:
    closed = close_events(Told(received("closed_tcp"))).drain()

    assert closed.tcp_listeners - {BOUND_ONLY} == {
        *(each for each in TCP if each.port in {8080, 443, 22, 7000} or each.interface == "v0"),
        Listener("0.0.0.0", 6000, "v0"),
        Listener("::1", 9000, "lo"),
    }


def test_a_socket_that_was_bound_and_never_listened_looks_the_same() -> None:
    assert BOUND_ONLY in close_events(Told(received("closed_tcp"))).drain().tcp_listeners


def test_ended_reset_refused_and_unanswered_connections_keep_their_remote_address() -> None:
    closed = close_events(Told(received("closed_tcp"))).drain()

    assert closed.destinations == {
        "127.0.0.1", "127.0.0.5", "127.0.0.6", "127.0.0.7", "::1", "192.0.2.9",
    }  # fmt: skip


def test_refused_connections_are_no_listeners_though_they_have_lost_their_remote_port() -> None:
    closed = close_events(Told(received("closed_tcp"))).drain()

    assert {each.port for each in closed.tcp_listeners}.isdisjoint({40003, 40004})


def test_udp_sockets_on_ports_that_the_kernel_gave_them_and_connected_ones_are_clients() -> None:
    closed = close_events(udp=Told(received("closed_udp"))).drain()

    assert closed.udp_listeners == {each for each in UDP if each.port in {123, 53, 5353}}
    assert closed.destinations == frozenset()


def test_what_is_pumped_stays_until_it_is_drained_and_is_told_once() -> None:
    tcp = received("closed_tcp")
    events = close_events(Told(tcp[:4], tcp[4:], lost=2))

    events.pump()
    events.pump()
    first, second = events.drain(), events.drain()

    assert first == close_events(Told(tcp, lost=2)).drain()
    assert first.lost == 2
    assert second == NOTHING


def test_what_was_gathered_before_the_kernel_refused_is_told_later() -> None:
    tcp = Told(received("closed_tcp"))
    events = close_events(tcp)
    events.pump()

    tcp.refuses = True
    with pytest.raises(CollectError, match="cannot read socket events"):
        events.drain()
    tcp.refuses = False

    assert events.drain() == close_events(Told(received("closed_tcp"))).drain()


def test_losses_of_both_protocols_add_up() -> None:
    assert close_events(Told(lost=3), Told(lost=4)).drain().lost == 7


@given(st.lists(st.binary(max_size=80)), st.integers(0, 18))
def test_any_bytes_are_an_event_or_count_as_lost(hostile: list[bytes], at: int) -> None:
    sound = received("closed_tcp")
    told = [*sound[:at], *hostile, *sound[at:]]

    closed = close_events(Told(told), Told(hostile)).drain()

    malformed = [each for each in hostile if len(each) != 60 or each[16] not in {2, 10}]
    assert closed.lost == 2 * len(malformed)
    assert closed.destinations >= close_events(Told(sound)).drain().destinations


@given(st.binary(min_size=44, max_size=44), st.sampled_from([2, 10]))
def test_any_record_of_the_right_length_gives_listeners_with_a_port(
    rest: bytes, family: int
) -> None:
    message = bytes(16) + bytes([family]) + rest[1:]

    closed = close_events(Told([message]), Told([message])).drain()

    assert all(0 < each.port < 1 << 16 for each in closed.tcp_listeners | closed.udp_listeners)
    assert closed.destinations.isdisjoint({"0.0.0.0", "::"})


def test_closing_gives_both_descriptors_back() -> None:
    tcp, udp = Told(), Told()

    close_events(tcp, udp).close()

    assert (tcp.closed, udp.closed) == (1, 1)


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("32768\t60999\n", range(32768, 61000)),
        ("1024 2000\n", range(1024, 2001)),
        ("many\n", range(32768, 61000)),
        (None, range(32768, 61000)),
    ],
    ids=["usual", "changed", "malformed", "absent"],
)
def test_ports_that_the_kernel_hands_out_are_its_setting_or_the_usual(
    tmp_path: Path, text: str | None, ports: range
) -> None:
    setting = tmp_path / "ip_local_port_range"
    if text is not None:
        setting.write_text(text)

    assert handed_out_ports(setting) == ports
