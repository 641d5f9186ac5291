"""Reports told to people."""

import json
from typing import Any

import click
import pytest

from devicewarden.sandbox.narrate import tell_report, tell_verdict
from devicewarden.sandbox.verdict import Arrival, Memory, Orders, Received, decide

DOCUMENT = {
    "header": {"report_id": 1_764_000_300, "version": "1.0"},
    "metrics": {
        "listening_tcp_ports": {"ports": [{"port": 443}, {"port": 22}, {"port": 22}], "total": 3},
        "listening_udp_ports": {"ports": [], "total": 0},
        "network_stats": {"bytes_in": 2048, "bytes_out": 7, "packets_in": 1500, "packets_out": 1},
        "tcp_connections": {
            "established_connections": {
                "connections": [{"remote_addr": f"192.0.2.{n}:443"} for n in range(9)],
                "total": 40,
            }
        },
    },
    "custom_metrics": {
        "cpu_percent": [{"number": 3.5}],
        "users": [{"string_list": ["a"]}],
        "agent_rss_bytes": [{"number": 31_457_280}],
    },
}


def received(document: Any, *reasons: str, orders: Orders | None = None) -> Received:
    payload = json.dumps(document).encode()
    arrival = Arrival(thing="edge-1", format="json", payload=payload, at_ms=1)
    return decide(arrival, lambda _p, _f: list(reasons), Memory(), orders or Orders())[0]


def told(report: Received) -> list[str]:
    return [" ".join(click.unstyle(line).split()) for line in tell_report(report)]


@pytest.mark.parametrize(
    "line",
    [
        "report 1764000300",
        "TCP ports 3 listening: 22, 443",
        "UDP ports 0 listening",
        "connections 40 established: " + ", ".join(f"192.0.2.{n}:443" for n in range(8)) + ", ...",
        "traffic 2.0 KiB in (1,500 packets), 7 B out (1 packets)",
        "custom cpu_percent 3.5, agent_rss_bytes 31,457,280",
        "answer accepted",
    ],
)
def test_what_was_collected_and_answered_is_told(line: str) -> None:
    assert line in told(received(DOCUMENT))


def test_where_it_was_sent_and_how_large_it_is_are_told() -> None:
    report = received(DOCUMENT)

    size = len(report.payload)

    assert f"sent {size:,} bytes of JSON to $aws/things/edge-1/defender/metrics/json" in told(
        report
    )


def test_first_report_explains_why_it_has_no_traffic() -> None:
    assert "traffic not yet: it takes two samples" in told(received({"header": {"report_id": 1}}))


def test_rejection_tells_its_reasons() -> None:
    report = received(DOCUMENT, "$.metrics: wrong")

    assert "answer rejected, InvalidPayload: $.metrics: wrong" in told(report)


def test_escape_sequence_in_a_reason_does_not_reach_the_terminal() -> None:
    report = received(DOCUMENT, "key '\x1b]0;owned\x07' is unknown")

    assert "\x1b]" not in tell_verdict(report)
    assert "key '?]0;owned?' is unknown" in tell_verdict(report)


def test_silence_is_told() -> None:
    assert "told to be silent" in tell_verdict(received(DOCUMENT, orders=Orders(silence_next=1)))


def test_no_line_is_wider_than_a_terminal() -> None:
    lines = "\n".join(tell_report(received(DOCUMENT))).split("\n")

    assert max(len(click.unstyle(line)) for line in lines) <= 96
