"""A received report as lines for people."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

from devicewarden.sandbox.verdict import Received

ITEMS_SHOWN: Final = 8
WIDTH: Final = 96
LABEL_WIDTH: Final = 15
KIB: Final = 1024


def bold(text: str) -> str:
    """Make it stand out."""
    return f"\x1b[1m{text}\x1b[0m"


def faint(text: str) -> str:
    """Make it stand back."""
    return f"\x1b[2m{text}\x1b[0m"


def green(text: str) -> str:
    """Make it good news."""
    return f"\x1b[32m{text}\x1b[0m"


def red(text: str) -> str:
    """Make it bad news."""
    return f"\x1b[31m{text}\x1b[0m"


def tell_report(received: Received) -> Iterator[str]:
    """Tell what was collected, what was sent, and what became of it; ANSI colours."""
    yield ""
    if received.document is not None:
        yield from _collected(received.document)
    size = f"{len(received.payload):,} bytes of {received.format.upper()}"
    yield tell_line("sent", f"{size} to {received.topic}")
    yield tell_line("answer", tell_verdict(received))


def tell_verdict(received: Received) -> str:
    """Tell what became of a report in one line."""
    silent = "" if received.reply is not None else faint(" (told to be silent)")
    if received.verdict == "accepted":
        return green("accepted") + silent
    reasons = "; ".join(received.reasons)
    return red(f"rejected, {received.code}: {printable(reasons)}") + silent


def _collected(document: Any) -> Iterator[str]:
    metrics = document.get("metrics", {})
    yield tell_line("report", str(document["header"]["report_id"]))
    yield tell_line("TCP ports", _ports(metrics.get("listening_tcp_ports", {})))
    yield tell_line("UDP ports", _ports(metrics.get("listening_udp_ports", {})))
    established = metrics.get("tcp_connections", {}).get("established_connections", {})
    yield tell_line("connections", _connections(established))
    yield tell_line("traffic", _traffic(metrics.get("network_stats")))
    numbers = [
        f"{name} {_number(value[0]['number'])}"
        for name, value in document.get("custom_metrics", {}).items()
        if "number" in value[0]
    ]
    if numbers:
        yield tell_line("custom", _some(numbers))


def _ports(listening: Any) -> str:
    ports = sorted({entry["port"] for entry in listening.get("ports", [])})
    total = listening.get("total", len(ports))
    return _joined(f"{total} listening", _some([str(port) for port in ports]))


def _connections(established: Any) -> str:
    remotes = [entry["remote_addr"] for entry in established.get("connections", [])]
    total = established.get("total", len(remotes))
    return _joined(f"{total} established", _some(list(dict.fromkeys(remotes))))


def _traffic(stats: Any) -> str:
    if not stats:
        return faint("not yet: it takes two samples")
    flows = [
        f"{_size(stats[f'bytes_{way}'])} {way} ({stats[f'packets_{way}']:,} packets)"
        for way in ("in", "out")
    ]
    return ", ".join(flows)


def _some(items: Sequence[str]) -> str:
    if not items:
        return ""
    more = ", ..." if len(items) > ITEMS_SHOWN else ""
    return f"{', '.join(items[:ITEMS_SHOWN])}{more}"


def printable(text: str) -> str:
    """Take out what a hostile payload would tell the terminal: it obeys escape sequences."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _joined(what: str, which: str) -> str:
    return f"{what}: {which}" if which else what


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes} B" if size_bytes < KIB else f"{size_bytes / KIB:,.1f} KiB"


def tell_line(label: str, text: str) -> str:
    """Tell one fact, wrapped, beside its label."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=f"  {label:<{LABEL_WIDTH}}",
        subsequent_indent=" " * (2 + LABEL_WIDTH),
        break_long_words=False,
        break_on_hyphens=False,
    )
