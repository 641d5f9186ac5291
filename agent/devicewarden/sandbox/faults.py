"""Everything that can be made to go wrong: one table for command line, control socket and tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from devicewarden.model.errors import AgentError
from devicewarden.sandbox.verdict import AWS_MIN_INTERVAL_S, INVALID_PAYLOAD

LARGEST_COUNT: Final = 1_000_000


def count(text: str) -> int:
    """Read a number of things."""
    value = int(text)
    if not 0 <= value <= LARGEST_COUNT:
        raise ValueError(f"{text} is not between 0 and {LARGEST_COUNT}")
    return value


def switch(text: str) -> bool:
    """Read a switch."""
    if text not in ("on", "off"):
        raise ValueError(f"{text!r} is neither on nor off")
    return text == "on"


def throttling(text: str) -> float:
    """Read a switch as the least time between two reports, in seconds."""
    return AWS_MIN_INTERVAL_S if switch(text) else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that can be made to go wrong.

    Attributes:
        name: `kebab-case`.
        arguments: how they are written; the optional ones stand in brackets.
        read: a reader of each argument's text; raises ValueError.
        summary: what happens, in one line.
        cause: makes it happen; takes the `Sandbox` and the arguments.
    """

    name: str
    arguments: str = ""
    read: tuple[Callable[[str], Any], ...] = ()
    summary: str
    cause: Callable[..., None]

    @property
    def usage(self) -> str:
        """Name and arguments as they are typed."""
        return f"{self.name} {self.arguments}".rstrip()

    def parse(self, words: Sequence[str]) -> list[Any]:
        """Read the arguments.

        Raises:
            AgentError: too many, too few, or not of their kind.
        """
        least = len(self.read) - self.arguments.count("[")
        if not least <= len(words) <= len(self.read):
            raise AgentError(f"wrong number of arguments for {self.name}", hint=f"say {self.usage}")
        try:
            return [read(word) for read, word in zip(self.read, words, strict=False)]
        except ValueError as error:
            raise AgentError(f"{self.name}: {error}", hint=f"say {self.usage}") from error


FAULTS: Final = (
    Fault(
        name="reject",
        arguments="N [CODE]",
        read=(count, str),
        summary="the next N valid reports are rejected, as InvalidPayload or with this code",
        cause=lambda sandbox, reports, code=INVALID_PAYLOAD: sandbox.defender.order(
            reject_next=reports, reject_code=code
        ),
    ),
    Fault(
        name="silence",
        arguments="N",
        read=(count,),
        summary="the next N reports get no reply",
        cause=lambda sandbox, reports: sandbox.defender.order(silence_next=reports),
    ),
    Fault(
        name="garbage",
        arguments="N",
        read=(count,),
        summary="the next N replies are neither JSON nor CBOR",
        cause=lambda sandbox, reports: sandbox.defender.order(garbage_next=reports),
    ),
    Fault(
        name="late",
        arguments="SECONDS",
        read=(count,),
        summary="every reply comes that late",
        cause=lambda sandbox, seconds: sandbox.defender.order(late_s=seconds),
    ),
    Fault(
        name="throttle",
        arguments="on|off",
        read=(throttling,),
        summary=f"reports closer than {AWS_MIN_INTERVAL_S:g} s are rejected as Throttled",
        cause=lambda sandbox, seconds: sandbox.defender.order(min_interval_s=seconds),
    ),
    Fault(
        name="deny-reports",
        arguments="on|off",
        read=(switch,),
        summary="no thing is allowed to publish reports, as if somebody had changed their policy",
        cause=lambda sandbox, denied: sandbox.broker.allow_reports(allowed=not denied),
    ),
    Fault(
        name="drop",
        summary="every connection ends now",
        cause=lambda sandbox: sandbox.proxy.drop(),
    ),
    Fault(
        name="refuse-connections",
        summary="new connections are refused",
        cause=lambda sandbox: sandbox.proxy.refuse(),
    ),
    Fault(
        name="black-hole",
        summary="connections are accepted, and nothing passes in either direction",
        cause=lambda sandbox: sandbox.proxy.black_hole(),
    ),
    Fault(
        name="cut-after",
        arguments="BYTES",
        read=(count,),
        summary="each connection ends once the agent has sent that many bytes more",
        cause=lambda sandbox, size_bytes: sandbox.proxy.cut_after(size_bytes),
    ),
    Fault(
        name="drop-after",
        arguments="MILLISECONDS",
        read=(count,),
        summary="each new connection ends that long after it was made",
        cause=lambda sandbox, after_ms: sandbox.proxy.drop_after(after_ms / 1000),
    ),
    Fault(
        name="restart",
        summary="the broker starts anew and has forgotten every session",
        cause=lambda sandbox: sandbox.restart_broker(),
    ),
    Fault(
        name="revoke",
        arguments="THING",
        read=(str,),
        summary="the thing's certificate is refused (the broker starts anew)",
        cause=lambda sandbox, thing: sandbox.revoke(thing),
    ),
    Fault(
        name="allow",
        arguments="THING",
        read=(str,),
        summary="the thing's certificate is taken again (the broker starts anew)",
        cause=lambda sandbox, thing: sandbox.allow(thing),
    ),
    Fault(
        name="normal",
        summary="all of the above ends",
        cause=lambda sandbox: sandbox.normal(),
    ),
)


def find_fault(name: str) -> Fault:
    """Look a fault up by its name.

    Raises:
        AgentError: there is none.
    """
    for fault in FAULTS:
        if fault.name == name:
            return fault
    names = ", ".join(fault.name for fault in FAULTS)
    raise AgentError(f"there is no fault {name!r}", hint=f"the faults are {names}")
