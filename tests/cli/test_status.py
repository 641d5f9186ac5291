"""What `devicewarden status` shows people, made from the document that the daemon answers."""

from typing import Any

import pytest
from click.testing import CliRunner

from devicewarden.cli.status import command, render
from devicewarden.model.errors import AgentError

QUIET: dict[str, Any] = {
    "version": "0.1.0",
    "thing": "edge-1",
    # The clock was set while it ran, which its uptime does not follow.
    "started_at": "1970-01-01T00:00:00+00:00",
    "up_s": 7400.0,
    "now": "2026-01-01T02:03:20+00:00",
    "sample": None,
    "report": {"last": None, "next_s": None, "counts": {"accepted": 0, "missed": 0}},
    "connection": None,
    "detection": {
        "profiles": [],
        "active": [],
        "learning": [],
        "doubts": [],
        "no_data": [],
        "sockets_missed": 0,
        "sinks": {"log": {"waiting": 0, "dropped": 0, "refused": 0}},
    },
    "problems": {},
    "own_cost": {"rss_bytes": 33_554_432, "cpu_s": 7.4},
}
BUSY: dict[str, Any] = {
    **QUIET,
    "sample": {
        "tcp_listeners": [{"port": 443}, {"port": 22}, {"port": 22}],
        "udp_listeners": None,
        "traffic_since_start": {"bytes_in": 1_234_567, "bytes_out": 89},
    },
    "report": {
        "last": {"id": 1_767_225_600, "outcome": "accepted", "size_bytes": 1_500},
        "next_s": 41.6,
        "counts": {"accepted": 24, "missed": 1},
    },
    "connection": {
        "state": "connecting",
        "endpoint": "broker",
        "last_error": "connection refused",
        "hint": "start the broker",
    },
    "detection": {
        "profiles": ["edge"],
        "active": [
            {
                "securityProfileName": "edge",
                "behavior": {"name": "no-telnet"},
                "violationStartTime": 1_767_225_600.0,
                "lastViolationValue": {"ports": [23]},
            }
        ],
        "learning": [{"profile": "edge", "behavior": "ml", "progress": 0.37}],
        "doubts": [
            {
                "profile": "edge",
                "behavior": "flood",
                "metric": "m",
                "datapoints": 12,
                "failed": 11,
                "hint": "write less-than",
            }
        ],
        "no_data": [{"profile": "edge", "behavior": "msgs", "metric": "m", "reason": "no topics"}],
        "sockets_missed": 7,
        "sinks": {"mqtt": {"waiting": 2, "dropped": 0, "refused": 1}},
    },
    "problems": {"state": "the disk is full"},
}


def lines(document: dict[str, Any]) -> dict[str, str]:
    return {line[:15].strip(): line[15:] for line in render(document).splitlines()[1:]}


def test_an_agent_that_just_started_tells_what_it_does_not_know_yet() -> None:
    shown = lines(QUIET)

    assert render(QUIET).splitlines()[0] == "devicewarden 0.1.0 on edge-1, up 2 h 3 min"
    assert "works locally" in shown["connection"]
    assert shown["last report"] == "none yet"
    assert shown["listening"] == "not read yet"
    assert shown["own cost"] == "32.0 MiB, 0.10 % of one core"
    assert not {"problem", "alarm", "doubt", "unseen", "sink"} & shown.keys()


def test_everything_that_is_not_well_has_a_line() -> None:
    shown = lines(BUSY)

    assert shown["connection"] == "connecting to broker; connection refused (start the broker)"
    assert shown["last report"] == "1767225600 accepted, 1,500 bytes; next in 42 s"
    assert shown["reports"] == "24 accepted, 1 missed"
    assert shown["listening"] == "tcp 22 443   udp unknown"
    assert shown["traffic"] == "1,234,567 bytes in, 89 bytes out since the start"
    assert shown["alarm"] == 'edge/no-telnet since 2026-01-01 00:00:00 UTC: {"ports": [23]}'
    assert shown["learning"] == "edge/ml (37 %)"
    assert shown["doubt"] == "edge/flood failed 11 of 12 datapoints: write less-than"
    assert shown["no data"] == "edge/msgs: m: no topics"
    assert shown["unseen"] == "7 sockets came and went unseen"
    assert shown["sink"] == "mqtt: 2 waiting, 0 dropped, 1 refused"
    assert shown["problem"] == "state: the disk is full"


def test_what_others_named_writes_nothing_on_the_terminal() -> None:
    hostile = {"profile \x1b]0;pwn\x07\n\udcff.json": "$: is not JSON\r\u202e"}

    shown = render({**QUIET, "problems": hostile})

    assert shown.splitlines()[-1] == "  problem      profile ?]0;pwn???.json: $: is not JSON??"


@pytest.mark.parametrize("member", ["detection", "report", "version", "problems"])
@pytest.mark.parametrize("strange", [None, 7, []])
def test_a_document_of_another_version_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, member: str, strange: object
) -> None:
    document = {**QUIET, "version": "99.0", member: strange}
    monkeypatch.setattr("devicewarden.cli.status.ask", lambda _path, _command: document)

    ended = CliRunner().invoke(command)

    # A version or a list of problems that is merely odd can still be shown.
    assert isinstance(ended.exception, AgentError) or ended.exit_code == 0
    assert member not in {"detection", "report"} or "not understood" in str(ended.exception)
