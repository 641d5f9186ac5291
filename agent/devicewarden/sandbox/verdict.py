"""How the Device Defender endpoint answers one report: a pure function of report and memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

import cbor2

from devicewarden.sandbox.document import ENCODE, PARSE, Format, lengthen, report_id

Judge: TypeAlias = Callable[[bytes, Format], list[str]]
"""Payload and format -> what is wrong with it; empty: valid."""

FORMATS: Final[Mapping[str, Format]] = {"json": "json", "cbor": "cbor"}
"""The last level of the topic -> format."""
INVALID_PAYLOAD: Final = "InvalidPayload"
THROTTLED: Final = "Throttled"
AWS_MIN_INTERVAL_S: Final = 300.0
MAX_MESSAGE_CHARS: Final = 500
# A control character in JSON, a reserved initial byte in CBOR.
GARBAGE: Final = b"\x1c neither JSON nor CBOR"

# The judge is injected and the payload is hostile: whatever they raise together is a rejection.
HOSTILE: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    cbor2.CBORError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One report as it came; `at_ms` is milliseconds since the epoch."""

    thing: str
    format: Format
    payload: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What the endpoint remembers of one thing."""

    last_report_id: int = 0
    last_accepted_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Faults that the endpoint has been told to show; none of them by default.

    Attributes:
        min_interval_s: reports of one thing closer than this are rejected as `Throttled`.
        reject_next: that many valid reports are rejected with `reject_code`.
        garbage_next: that many replies are not parsable.
        silence_next: that many replies are not sent.
        late_s: replies wait that long.
    """

    min_interval_s: float = 0.0
    reject_next: int = 0
    reject_code: str = INVALID_PAYLOAD
    garbage_next: int = 0
    silence_next: int = 0
    late_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A report that reached the endpoint, and what became of it.

    Attributes:
        topic: where it was published.
        verdict: what the endpoint decided, even where the reply is lost on the way.
        code: ErrorCode of a rejection, else empty.
        reasons: what is wrong with it.
        document: the report with long names, whatever it was sent with; None if it is not valid.
        reply: payload of the reply; None where the endpoint was told to be silent.
    """

    thing: str
    format: Format
    topic: str
    payload: bytes
    verdict: Literal["accepted", "rejected"]
    code: str
    reasons: tuple[str, ...]
    document: Any
    reply: bytes | None

    @property
    def reply_topic(self) -> str:
        """Where the reply goes."""
        return f"{self.topic}/{self.verdict}"


def decide(
    arrival: Arrival, judge: Judge, memory: Memory, orders: Orders
) -> tuple[Received, Memory, Orders]:
    """Judge one report.

    An order is used up by the report that it was applied to.

    Returns:
        The report with its verdict and reply, then memory and orders for the thing's next one.
    """
    document, reasons = _read(arrival, judge)
    number = report_id(document)
    code, reasons, orders = _refuse(arrival, number, reasons, memory, orders)
    if number is not None:
        memory = replace(memory, last_report_id=max(number, memory.last_report_id))
    if not code:
        memory = replace(memory, last_accepted_ms=arrival.at_ms)
    reply, orders = _reply(arrival, _response(arrival, number, code, reasons), orders)
    received = Received(
        thing=arrival.thing,
        format=arrival.format,
        topic=f"$aws/things/{arrival.thing}/defender/metrics/{arrival.format}",
        payload=arrival.payload,
        verdict="rejected" if code else "accepted",
        code=code,
        reasons=reasons,
        document=document,
        reply=reply,
    )
    return received, memory, orders


def _read(arrival: Arrival, judge: Judge) -> tuple[Any, tuple[str, ...]]:
    try:
        reasons = tuple(judge(arrival.payload, arrival.format))
        document = None if reasons else lengthen(PARSE[arrival.format](arrival.payload))
    except HOSTILE as error:
        return None, (f"cannot be judged: {type(error).__name__}: {error}",)
    if not reasons and report_id(document) is None:
        return None, ("no report id",)
    return document, reasons


def _refuse(
    arrival: Arrival,
    number: int | None,
    reasons: tuple[str, ...],
    memory: Memory,
    orders: Orders,
) -> tuple[str, tuple[str, ...], Orders]:
    if number is None:
        return INVALID_PAYLOAD, reasons, orders
    if number <= memory.last_report_id:
        reason = f"report id {number} does not increase, {memory.last_report_id} was seen"
        return INVALID_PAYLOAD, (reason,), orders
    if _too_early(arrival, memory, orders):
        reason = f"less than {orders.min_interval_s:g} s after the last report"
        return THROTTLED, (reason,), orders
    if orders.reject_next:
        orders = replace(orders, reject_next=orders.reject_next - 1)
        return orders.reject_code, ("the sandbox was told to reject it",), orders
    return "", (), orders


def _too_early(arrival: Arrival, memory: Memory, orders: Orders) -> bool:
    if memory.last_accepted_ms is None:
        return False
    return arrival.at_ms - memory.last_accepted_ms < orders.min_interval_s * 1000


def _response(
    arrival: Arrival, number: int | None, code: str, reasons: tuple[str, ...]
) -> Mapping[str, Any]:
    response: dict[str, Any] = {"thingName": arrival.thing}
    if number is not None:
        response["reportId"] = number
    response["status"] = "REJECTED" if code else "ACCEPTED"
    if code:
        message = "; ".join(reasons)[:MAX_MESSAGE_CHARS]
        response["statusDetails"] = {"ErrorCode": code, "ErrorMessage": message}
    response["timestamp"] = arrival.at_ms
    return response


def _reply(
    arrival: Arrival, response: Mapping[str, Any], orders: Orders
) -> tuple[bytes | None, Orders]:
    if orders.silence_next:
        return None, replace(orders, silence_next=orders.silence_next - 1)
    if orders.garbage_next:
        return GARBAGE, replace(orders, garbage_next=orders.garbage_next - 1)
    return ENCODE[arrival.format](response), orders
