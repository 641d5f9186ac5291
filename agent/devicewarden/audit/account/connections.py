"""The connections to the broker, from the log that AWS IoT writes to CloudWatch."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, zip_longest
from typing import Any, Final

from devicewarden.audit.account.calls import AbsentError, CallError
from devicewarden.audit.subject import ClientIdUse, Connection
from devicewarden.aws.calls import Calls

PATTERN: Final = '{ ($.eventType = "Connect") || ($.eventType = "Disconnect") }'
"""CloudWatch Logs leaves out the rest before it sends."""
MOST_EVENTS: Final = 500_000
"""About 200 MB."""

_TAKEN_OVER: Final = ("DUPLICATE_CLIENT_ID", "DUPLICATE_CLIENTID")
_LONGEST: Final = 256
_LOOK_BACK: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """One line of the log: a client connected, or was disconnected."""

    at: datetime
    connected: bool
    client_id: str
    principal: str
    source: str
    reason: str = ""


def read_events(calls: Calls, group: str, since: datetime, until: datetime) -> Iterator[LogEvent]:
    """Read what the log says of connections; lines of another form are passed over.

    Raises:
        CallError: the log cannot be read, or is too long.

    Source: AWS IoT Core developer guide, "CloudWatch Logs AWS IoT log entries".
    """
    pages = calls.pages(
        "logs:FilterLogEvents",
        logGroupName=group,
        startTime=_ms(since),
        endTime=_ms(until),
        filterPattern=PATTERN,
    )
    seen = 0
    try:
        for page in pages:
            for line in page["events"]:
                event = _event(line)
                if event is None:
                    continue
                seen += 1
                if seen > MOST_EVENTS:
                    raise CallError(
                        f"{group} has more than {MOST_EVENTS:,} connections since {since:%Y-%m-%d}",
                        hint="give a shorter --since",
                    )
                yield event
    except AbsentError as error:
        raise CallError(f"there is no log group {group}") from error


def connections(events: Iterable[LogEvent], since: datetime) -> tuple[Connection, ...]:
    """Pair what began with what ended, the oldest first.

    A connection whose beginning was not logged began with the span. One whose end was not logged
    ended when its client id connected again; else it goes on.
    """
    clients: dict[str, list[Connection]] = {}
    for event in sorted(events, key=lambda each: each.at):
        own = clients.setdefault(event.client_id, [])
        if event.connected:
            own.append(_begun(event, event.at))
        else:
            _end(own, event, since)
    found = chain.from_iterable(map(_closed, clients.values()))
    return tuple(sorted(found, key=lambda each: each.connected_at))


def client_ids(log: Iterable[Connection]) -> Iterator[ClientIdUse]:
    """Tell of each client id when one of its clients threw another out."""
    clients: dict[str, list[Connection]] = {}
    for each in log:
        clients.setdefault(each.client_id, []).append(each)
    for client_id, own in clients.items():
        yield ClientIdUse(
            client_id=client_id,
            taken_over=tuple(
                each.disconnected_at
                for each in own
                if each.disconnected_at and each.reason in _TAKEN_OVER
            ),
            principals=tuple(dict.fromkeys(each.principal for each in own if each.principal)),
        )


def _end(own: list[Connection], event: LogEvent, since: datetime) -> None:
    # The end of a connection that another one replaced is often logged after that one began.
    for place in range(len(own) - 1, max(-1, len(own) - 1 - _LOOK_BACK), -1):
        if own[place].disconnected_at is None and own[place].source == event.source:
            own[place] = replace(own[place], disconnected_at=event.at, reason=event.reason)
            return
    begun = replace(_begun(event, since), disconnected_at=event.at, reason=event.reason)
    own.insert(0, begun)


def _closed(own: list[Connection]) -> Iterator[Connection]:
    for each, following in zip_longest(own, own[1:]):
        if each.disconnected_at is None and following is not None:
            yield replace(each, disconnected_at=following.connected_at)
        else:
            yield each


def _begun(event: LogEvent, at: datetime) -> Connection:
    return Connection(
        client_id=event.client_id,
        principal=event.principal,
        source=event.source,
        connected_at=at,
        disconnected_at=None,
    )


def _event(line: Mapping[str, Any]) -> LogEvent | None:
    try:
        told = json.loads(line["message"])
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("eventType") not in {"Connect", "Disconnect"}:
        return None
    if told.get("status") == "Failure" or not told.get("clientId"):
        return None
    return LogEvent(
        at=_EPOCH + timedelta(milliseconds=line["timestamp"]),
        connected=told["eventType"] == "Connect",
        client_id=_text(told, "clientId"),
        principal=_text(told, "principalId"),
        source=f"{_text(told, 'sourceIp')}:{_text(told, 'sourcePort')}",
        reason=_text(told, "disconnectReason") or _text(told, "reason"),
    )


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name, "")
    # One text for each name: there are many more connections than clients.
    return sys.intern(str(value)[:_LONGEST])


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
