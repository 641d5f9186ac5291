"""`devicewarden outbox`: events on their way to sinks."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.cli.rows import aligned, printable

if TYPE_CHECKING:
    from devicewarden.state.queues import QueueState

_HEADS: Final = ("SINK", "WAITING", "OLDEST", "BYTES", "DROPPED", "REFUSED", "LAST ERROR")


@click.group("outbox")
def command() -> None:
    """Show events on their way to sinks."""


@command.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def list_(config: Path | None, *, as_json: bool) -> None:
    """List sinks: what waits for each, what it lost, and why its last delivery failed.

    Waiting events are dropped after 7 days, or when they are too many (1 MB a sink); a refused one
    is one that its sink will never take. A sink that is no longer configured has brackets.
    """
    from devicewarden.notify.registry import sink_names  # noqa: PLC0415  --help must be fast
    from devicewarden.state.look import look  # noqa: PLC0415  as above
    from devicewarden.state.queues import QueueState, queues  # noqa: PLC0415  as above

    settings = load_or_exit(config).settings
    configured = sink_names(settings)
    found = look(settings.state, queues)
    every = {name: found.get(name, QueueState()) for name in (*configured, *sorted(found))}
    if as_json:
        documents = [_document(name, every[name], configured=name in configured) for name in every]
        print(json.dumps(documents, indent=2))
    else:
        print(_table(every, configured))


def _document(name: str, queue: "QueueState", *, configured: bool) -> dict[str, Any]:
    return {
        "sink": name,
        "configured": configured,
        "waiting": queue.waiting,
        "oldest": queue.oldest_at.isoformat() if queue.oldest_at else None,
        "size_bytes": queue.size_bytes,
        "dropped": queue.dropped,
        "refused": queue.refused,
        "last_error": queue.last_error or None,
    }


def _table(queues: Mapping[str, "QueueState"], configured: tuple[str, ...]) -> str:
    rows = (_row(name if name in configured else f"({name})", queues[name]) for name in queues)
    return aligned([_HEADS, *rows])


def _row(name: str, queue: "QueueState") -> tuple[str, ...]:
    return (
        printable(name),
        str(queue.waiting),
        f"{queue.oldest_at:%Y-%m-%d %H:%M:%S}Z" if queue.oldest_at else "-",
        str(queue.size_bytes),
        str(queue.dropped),
        str(queue.refused),
        printable(queue.last_error) or "-",
    )
