"""`devicewarden once`: the report of this host, printed or sent."""

import dataclasses
import sys
from pathlib import Path
from typing import Literal

import click

from devicewarden.cli.control_client import ask
from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.config.settings import Settings
from devicewarden.model.errors import AgentError
from devicewarden.model.outcome import Accepted, Acknowledged, describe

CONNECT_WITHIN_S = 30.0


@click.command()
@config_option
@click.option("--format", "encoding", type=click.Choice(["json", "cbor"]), help="Encoding.")
@click.option("--names", type=click.Choice(["long", "short"]), help="Member names.")
@click.option("--over", "over_s", default=1.0, show_default=True, help="Seconds of traffic.")
@click.option("--check", is_flag=True, help="Judge the report by the schema of the service.")
@click.option("--publish", is_flag=True, help="Send it instead of printing it.")
def command(
    config: Path | None,
    encoding: Literal["json", "cbor"] | None,
    names: Literal["long", "short"] | None,
    over_s: float,
    *,
    check: bool,
    publish: bool,
) -> int:
    """Print the report of this host; no configuration and no daemon is needed."""
    from devicewarden.daemon.once import (  # noqa: PLC0415  keeps --help fast
        send_once,
        shown_report_id,
        take_once,
    )

    settings = _with(load_or_exit(config).settings, encoding, names)
    once = take_once(settings, over_s=over_s)
    payload = once.payload(settings.report, shown_report_id())
    for collector, reason in once.failed.items():
        print(f"not read: {collector}: {reason}", file=sys.stderr)
    if check and (status := _judge(payload, settings.report.format)):
        return status
    if publish:
        report_id, outcome = send_once(_beside_daemon(settings), once, within_s=CONNECT_WITHIN_S)
        print(f"report {report_id}: {describe(outcome)}", file=sys.stderr)
        return 0 if isinstance(outcome, Accepted | Acknowledged) else 70
    _write(payload, settings.report.format)
    return 0


def _with(
    settings: Settings,
    encoding: Literal["json", "cbor"] | None,
    names: Literal["long", "short"] | None,
) -> Settings:
    report = dataclasses.replace(
        settings.report,
        format=encoding or settings.report.format,
        names=names or settings.report.names,
    )
    return dataclasses.replace(settings, report=report)


def _beside_daemon(settings: Settings) -> Settings:
    """Take another client id while the daemon runs: two of one id end each other's connections."""
    try:
        ask(settings.control.socket, "status")
    except AgentError:
        return settings
    thing = dataclasses.replace(settings.thing, client_id=f"{settings.thing.client_id}-once")
    return dataclasses.replace(settings, thing=thing)


def _judge(payload: bytes, encoding: Literal["json", "cbor"]) -> int:
    from devicewarden.cli.judge import load_judge  # noqa: PLC0415  keeps --help fast

    reasons = load_judge()(payload, encoding)
    for reason in reasons:
        print(f"invalid: {reason}", file=sys.stderr)
    return 70 if reasons else 0


def _write(payload: bytes, encoding: Literal["json", "cbor"]) -> None:
    if encoding == "json":
        print(payload.decode())
    elif sys.stdout.isatty():
        print(payload.hex())
    else:
        sys.stdout.buffer.write(payload)
