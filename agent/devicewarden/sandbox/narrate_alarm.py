"""A violation as lines for people: what was expected, what happened, who did it, and how it ended.

Everything told comes from the agent's own messages; a hostile one reaches no terminal as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from devicewarden.sandbox.narrate import green, printable, red, tell_line
from devicewarden.sandbox.told import Told

UNKNOWN: Final = "not told"


def tell_forbidden(profile: Mapping[str, Any]) -> str:
    """Tell what a security profile with one behavior expects."""
    (behavior,) = profile["behaviors"]
    return tell_line("profile", f"{profile['securityProfileName']}: {_expected(behavior)}")


def tell_opened(host: str, port: int, pid: int) -> str:
    """Tell what was done to break it."""
    return tell_line("now", f"another program, pid {pid}, listens on {host}:{port}")


def tell_alarm(alarm: Told, after_s: float) -> Iterator[str]:
    """Tell what the agent says of the port.

    Args:
        alarm: its message.
        after_s: seconds since the port was open.
    """
    yield _told(alarm, red(alarm.kind), f"{after_s:.2f} s after the port was open")
    context = alarm.document.get("context", {})
    found = f"{_some(context.get('offending', []))} among {_values(alarm.document['metricValue'])}"
    yield tell_line("expected", printable(_expected(alarm.document["behavior"])))
    yield tell_line("found", printable(found))
    for owner in context.get("owners") or [{}]:
        yield from _owner(owner)


def tell_cleared(end: Told, after_s: float) -> Iterator[str]:
    """Tell what the agent says once the port is closed.

    Args:
        end: its message.
        after_s: seconds since the port was closed.
    """
    yield tell_line("now", "that program has ended, and its port is closed")
    yield _told(end, green(end.kind), f"{after_s:.2f} s after that")


def _told(message: Told, kind: str, when: str) -> str:
    return tell_line("told", f"{kind} {when}, on {message.topic}")


def _expected(behavior: Mapping[str, Any]) -> str:
    criteria = behavior["criteria"]
    value = _values(criteria["value"])
    return f"{behavior['metric']} {criteria['comparisonOperator']} {value} ({behavior['name']})"


def _values(value: Mapping[str, Any]) -> str:
    """Write a value of AWS's shape: one list."""
    return "; ".join(_some(items) for items in value.values())


def _some(items: Sequence[object]) -> str:
    return ", ".join(map(str, items))


def _owner(owner: Mapping[str, Any]) -> Iterator[str]:
    program = _some(owner.get("programs", [])) or UNKNOWN
    yield tell_line("program", printable(f"{program}, pid {owner.get('pid', UNKNOWN)}"))
    yield tell_line("command", printable(str(owner.get("command_line", UNKNOWN))))
    yield tell_line("user", printable(str(owner.get("user", owner.get("uid", UNKNOWN)))))
