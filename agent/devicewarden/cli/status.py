"""`devicewarden status`: how the running agent is doing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from devicewarden.cli.control_client import ask
from devicewarden.cli.options import config_option, settings_at_hand
from devicewarden.cli.rows import printable
from devicewarden.model.errors import AgentError
from devicewarden.model.version import VERSION


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole document as JSON.")
def command(config: Path | None, *, as_json: bool) -> None:
    """Tell how the running agent is doing: last sample, last report, connection, problems."""
    document = ask(settings_at_hand(config).control.socket, "status")
    print(json.dumps(document, indent=2) if as_json else _rendered(document))


def _rendered(document: dict[str, Any]) -> str:
    try:
        return render(document)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise AgentError(
            f"the answer of the daemon, version {document.get('version')}, is not understood",
            hint=f"this is version {VERSION}: systemctl restart devicewarden, or ask with --json",
        ) from error


def render(document: dict[str, Any]) -> str:
    """Write the status document as a few lines for people."""
    rows = [
        ("connection", _connection(document)),
        ("last report", _last_report(document)),
        ("reports", _counts(document["report"]["counts"])),
        ("listening", _listening(document["sample"])),
        ("traffic", _traffic(document["sample"])),
        ("profiles", ", ".join(document["detection"]["profiles"]) or "none"),
        *(("alarm", _alarm(active)) for active in document["detection"]["active"]),
        *(("learning", _learning(each)) for each in document["detection"]["learning"]),
        *(("no data", _no_data(each)) for each in document["detection"]["no_data"]),
        *(("doubt", _doubt(each)) for each in document["detection"]["doubts"]),
        *_unseen(document["detection"]),
        ("own cost", _own_cost(document)),
        *(("problem", f"{subject}: {why}") for subject, why in document["problems"].items()),
    ]
    title = f"devicewarden {document['version']} on {document['thing']}, up {_uptime(document)}"
    # A file's name may hold what writes on the terminal, or what UTF-8 cannot write.
    return "\n".join(map(printable, [title, *(f"  {name:<12} {text}" for name, text in rows)]))


def _connection(document: dict[str, Any]) -> str:
    connection = document["connection"]
    if connection is None:
        return "none: no publish.endpoint is set, so the agent works locally"
    trouble = f"; {connection['last_error']}" if connection["last_error"] else ""
    hint = f" ({connection['hint']})" if connection["hint"] else ""
    return f"{connection['state']} to {connection['endpoint']}{trouble}{hint}"


def _last_report(document: dict[str, Any]) -> str:
    last, next_s = document["report"]["last"], document["report"]["next_s"]
    after = "" if next_s is None else f"; next in {next_s:.0f} s"
    if last is None:
        return f"none yet{after}"
    return f"{last['id']} {last['outcome']}, {last['size_bytes']:,} bytes{after}"


def _listening(sample: dict[str, Any] | None) -> str:
    if sample is None:
        return "not read yet"
    return "   ".join(
        f"{protocol} {_ports(sample[f'{protocol}_listeners'])}" for protocol in ("tcp", "udp")
    )


def _ports(listeners: list[dict[str, Any]] | None) -> str:
    if listeners is None:
        return "unknown"
    return " ".join(str(port) for port in sorted({item["port"] for item in listeners})) or "none"


def _traffic(sample: dict[str, Any] | None) -> str:
    if sample is None:
        return "not read yet"
    traffic = sample["traffic_since_start"]
    return f"{traffic['bytes_in']:,} bytes in, {traffic['bytes_out']:,} bytes out since the start"


def _alarm(active: dict[str, Any]) -> str:
    since = datetime.fromtimestamp(active["violationStartTime"], UTC)
    value = json.dumps(active.get("lastViolationValue", {}))
    name = f"{active['securityProfileName']}/{active['behavior']['name']}"
    return f"{name} since {since:%Y-%m-%d %H:%M:%S} UTC: {value}"


def _learning(each: dict[str, Any]) -> str:
    return f"{each['profile']}/{each['behavior']} ({100 * each['progress']:.0f} %)"


def _no_data(each: dict[str, Any]) -> str:
    return f"{each['profile']}/{each['behavior']}: {each['metric']}: {each['reason']}"


def _doubt(each: dict[str, Any]) -> str:
    share = f"{each['failed']} of {each['datapoints']} datapoints"
    return f"{each['profile']}/{each['behavior']} failed {share}: {each['hint']}"


def _unseen(detection: dict[str, Any]) -> list[tuple[str, str]]:
    missed = detection["sockets_missed"]
    lost = [("unseen", f"{missed} sockets came and went unseen")] if missed else []
    sinks = detection["sinks"].items()
    return lost + [
        ("sink", f"{name}: {_counts(told)}") for name, told in sinks if any(told.values())
    ]


def _counts(told: dict[str, int]) -> str:
    return ", ".join(f"{how_many} {what}" for what, how_many in told.items())


def _own_cost(document: dict[str, Any]) -> str:
    cost, up_s = document["own_cost"], document["up_s"]
    share = 100 * cost["cpu_s"] / up_s if up_s > 0 else 0.0
    return f"{cost['rss_bytes'] / 2**20:.1f} MiB, {share:.2f} % of one core"


def _uptime(document: dict[str, Any]) -> str:
    minutes, seconds = divmod(int(document["up_s"]), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
