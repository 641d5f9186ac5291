"""Connections, put together from the lines of a log."""

import json
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.account.cloud import Cloud

from devicewarden.audit.account import connections as connections_module
from devicewarden.audit.account.calls import AbsentError, CallError
from devicewarden.audit.account.connections import (
    LogEvent,
    client_ids,
    connections,
    read_events,
)

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)


def minute(number: int) -> datetime:
    return SINCE + timedelta(minutes=number)


def begin(at: int, client: str = "gw", source: str = "10.0.0.1:1000") -> LogEvent:
    return LogEvent(
        at=minute(at), connected=True, client_id=client, principal="4f" * 32, source=source
    )


def end(
    at: int, reason: str = "CLIENT_INITIATED_DISCONNECT", source: str = "10.0.0.1:1000"
) -> LogEvent:
    return LogEvent(
        at=minute(at),
        connected=False,
        client_id="gw",
        principal="4f" * 32,
        source=source,
        reason=reason,
    )


def spans(*events: LogEvent) -> list[tuple[datetime, datetime | None]]:
    return [(each.connected_at, each.disconnected_at) for each in connections(events, SINCE)]


def test_an_end_belongs_to_the_beginning_before_it() -> None:
    assert spans(begin(1), end(2), begin(3)) == [(minute(1), minute(2)), (minute(3), None)]


def test_the_end_of_a_connection_may_be_logged_after_the_next_one_began() -> None:
    taken = end(6, "DUPLICATE_CLIENTID", "10.0.0.1:1000")

    assert spans(begin(1), begin(5, source="10.0.0.2:7"), taken) == [
        (minute(1), minute(6)),
        (minute(5), None),
    ]


def test_a_connection_whose_beginning_was_not_logged_began_with_the_span() -> None:
    assert spans(end(4)) == [(SINCE, minute(4))]


def test_a_connection_whose_end_was_not_logged_ended_with_the_next_of_its_client() -> None:
    assert spans(begin(1), begin(9)) == [(minute(1), minute(9)), (minute(9), None)]


def test_the_order_of_the_lines_does_not_matter() -> None:
    events = [begin(1), end(2), begin(3), end(4)]

    assert spans(*reversed(events)) == spans(*events)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.booleans(), st.sampled_from("ab"), st.sampled_from("xy"))
    )
)
def test_no_line_is_lost_and_no_connection_ends_before_it_begins(
    lines: list[tuple[int, bool, str, str]],
) -> None:
    events = [
        LogEvent(at=minute(at), connected=new, client_id=client, principal="", source=source)
        for at, new, client, source in lines
    ]

    found = connections(events, SINCE)

    begun = sum(event.connected for event in events)
    assert begun <= len(found) <= len(events)
    assert all(each.connected_at <= (each.disconnected_at or UNTIL) for each in found)
    assert [each.connected_at for each in found] == sorted(each.connected_at for each in found)


@pytest.mark.parametrize("reason", ["DUPLICATE_CLIENT_ID", "DUPLICATE_CLIENTID"])
def test_a_client_id_tells_when_it_was_taken_over(reason: str) -> None:
    log = connections([begin(1), end(2, reason), begin(3), end(4)], SINCE)

    (use,) = client_ids(log)

    assert use.client_id == "gw"
    assert use.taken_over == (minute(2),)
    assert use.principals == ("4f" * 32,)


LINE = {
    "timestamp": "2017-08-10 15:37:23.476",
    "logLevel": "INFO",
    "accountId": "123456789012",
    "status": "Success",
    "eventType": "Disconnect",
    "protocol": "MQTT",
    "clientId": "gw",
    "principalId": "4f" * 32,
    "sourceIp": "203.0.113.9",
    "sourcePort": 13490,
    "reason": "DUPLICATE_CLIENT_ID",
}


def read(*messages: str) -> list[LogEvent]:
    ms = int(minute(3).timestamp() * 1000)
    lines = [{"timestamp": ms, "message": message} for message in messages]
    cloud = Cloud(pages={"logs:FilterLogEvents": [{"events": lines}]})
    return list(read_events(cloud, "AWSIotLogsV2", SINCE, UNTIL))


@pytest.mark.parametrize(
    "changes", [{}, {"reason": None, "disconnectReason": "DUPLICATE_CLIENT_ID"}], ids=["old", "new"]
)
def test_a_line_is_read_as_aws_writes_it(changes: dict[str, Any]) -> None:
    told = {name: value for name, value in {**LINE, **changes}.items() if value is not None}

    assert read(json.dumps(told)) == [end(3, "DUPLICATE_CLIENT_ID", "203.0.113.9:13490")]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("no JSON", id="text"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param("[1]", id="list"),
        pytest.param(json.dumps({**LINE, "eventType": "Publish-In"}), id="another event"),
        pytest.param(json.dumps({**LINE, "status": "Failure"}), id="refused"),
        pytest.param(json.dumps({**LINE, "clientId": ""}), id="no client id"),
    ],
)
def test_other_lines_are_passed_over(message: str) -> None:
    assert read(message, json.dumps(LINE)) == read(json.dumps(LINE))


def test_texts_of_any_type_and_length_are_taken_as_bounded_texts() -> None:
    hostile = {**LINE, "clientId": ["x" * 10_000], "principalId": None, "sourcePort": {}}

    (event,) = read(json.dumps(hostile))

    assert len(event.client_id) == 256
    assert event.principal == "None"


def test_a_log_group_that_is_not_there_is_told_by_name() -> None:
    cloud = Cloud(pages={"logs:FilterLogEvents": [AbsentError("no")]})

    with pytest.raises(CallError, match="there is no log group typo"):
        list(read_events(cloud, "typo", SINCE, UNTIL))


def test_a_log_that_is_too_long_is_read_up_to_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "MOST_EVENTS", 3)
    line = {"timestamp": 0, "message": json.dumps(LINE)}
    cloud = Cloud(pages={"logs:FilterLogEvents": [{"events": [line] * 9}]})

    events = read_events(cloud, "AWSIotLogsV2", SINCE, UNTIL)
    first = list(islice(events, 3))
    with pytest.raises(CallError, match="more than 3 connections") as refused:
        next(events)

    assert len(first) == 3
    assert refused.value.hint == "give a shorter --since"
