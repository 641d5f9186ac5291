"""`devicewarden rotate`: another key and certificate for this device, now."""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import click

from devicewarden.cli.control_client import ask
from devicewarden.cli.failure import EXIT_FAILED
from devicewarden.cli.options import config_option, settings_at_hand

POLL_S: Final = 0.3


@click.command()
@config_option
@click.option("--no-wait", is_flag=True, help="Do not wait for how it ends.")
@click.option("--json", "as_json", is_flag=True, help="Print how it ended as JSON.")
def command(config: Path | None, *, no_wait: bool, as_json: bool) -> int:
    """Have the running agent get another key and certificate, and retire the old ones.

    The old ones stay in force until the broker has taken the new ones.
    """
    settings = settings_at_hand(config)
    # Asking for another rotation while one is under way is no error: it is this one.
    told = ask(settings.control.socket, "rotate")["identity"]
    if no_wait:
        print("rotation begun", file=sys.stderr)
        return 0
    # Key, two answers, and a trial of either identity.
    longest_s = 300 + 2 * settings.provisioning.timeout_s + 2 * settings.provisioning.try_s
    deadline_s = time.monotonic() + longest_s
    while told["rotation"] and time.monotonic() < deadline_s:
        threading.Event().wait(POLL_S)
        told = ask(settings.control.socket, "status")["identity"]
    return _print(told, as_json=as_json)


def _print(told: dict[str, Any], *, as_json: bool) -> int:
    last = told["last"]
    if told["rotation"] or last is None:
        print("devicewarden: the rotation has not ended; see devicewarden status", file=sys.stderr)
        return EXIT_FAILED
    if as_json:
        print(json.dumps(last))
    else:
        print(", ".join(f"{name}: {value}" for name, value in last.items()))
    return 0 if last["status"] == "SUCCEEDED" else EXIT_FAILED
