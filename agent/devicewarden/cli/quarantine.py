"""`devicewarden quarantine`: by hand, as root, with or without a configuration for it."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import click

from devicewarden.cli.options import config_option
from devicewarden.model.errors import MitigationError

if TYPE_CHECKING:
    from devicewarden.config.settings import Settings
    from devicewarden.mitigate.executor import Executor
    from devicewarden.model.action import ActionRecord

_NAME: Final = "quarantine-by-hand"


@click.group("quarantine")
def command() -> None:
    """Cut this device off from everything but its broker, and let it back."""


@command.command("on")
@config_option
@click.option(
    "--for",
    "duration_s",
    type=click.IntRange(1, 2_592_000),
    metavar="SECONDS",
    help="It ends by itself after this time. [default: mitigate.expires_s]",
)
@click.option("--dry-run", is_flag=True, help="Tell what would stay reachable, and do nothing.")
def on(config: Path | None, duration_s: int | None, *, dry_run: bool) -> int:
    """Begin a quarantine, and tell what stays reachable; as root.

    A session over the network, such as SSH, ends, unless it comes from mitigate.allow_addresses.
    """
    from devicewarden.cli import mitigate_root  # noqa: PLC0415  --help must be fast
    from devicewarden.model.action import (  # noqa: PLC0415  as above
        Cause,
        MitigationAction,
        PlannedAction,
        action_id,
    )
    from devicewarden.model.action_params import Quarantine  # noqa: PLC0415  as above

    action = MitigationAction(name=_NAME, params=Quarantine(), duration_s=duration_s)
    found = mitigate_root.with_actions(mitigate_root.given(config), {_NAME: action})
    cause = Cause("operator", uuid4().hex)
    planned = PlannedAction(
        action_id=action_id(cause, _NAME, dry_run=dry_run),
        cause=cause,
        name=_NAME,
        dry_run=dry_run,
        planned_at=datetime.now(UTC),
    )
    with mitigate_root.executor_of(found, operator=True) as executor:
        if not dry_run:
            _warn(found.settings, duration_s or found.settings.mitigate.expires_s)
        status = mitigate_root.told(executor.apply([planned]))
        _tell_ways(executor, found.settings)
    return status


@command.command("off")
@config_option
def off(config: Path | None) -> int:
    """End every quarantine, by whomever it was begun; as root."""
    from devicewarden.cli import mitigate_root  # noqa: PLC0415  --help must be fast

    found = mitigate_root.given_or_nothing(config)
    with mitigate_root.executor_of(found, operator=True) as executor:
        ended = executor.undo_each([each.action_id for each in _in_effect(executor)])
    if not ended:
        print("there is no quarantine", file=sys.stderr)
    return mitigate_root.told(ended)


@command.command("status")
@config_option
def status(config: Path | None) -> int:
    """Tell whether the kernel holds a quarantine, with status 1 where it does; as root."""
    from devicewarden.cli import mitigate_root  # noqa: PLC0415  --help must be fast

    found = mitigate_root.given_or_nothing(config)
    with mitigate_root.executor_of(found, operator=True) as executor:
        records = _in_effect(executor)
        if not records:
            print("there is no quarantine", file=sys.stderr)
            return 0
        mitigate_root.told(records)
        _tell_ways(executor, found.settings)
    return 1


def _warn(settings: "Settings", longest_s: int) -> None:
    """Say it before it happens: afterwards nobody may be there to read it."""
    spared = ", ".join(settings.mitigate.allow_addresses) or "none is named"
    print(
        f"every session over the network is cut now, for at most {longest_s} s, SSH too,"
        f" but for mitigate.allow_addresses: {spared}",
        file=sys.stderr,
    )


def _in_effect(executor: "Executor") -> list["ActionRecord"]:
    return [each for each in executor.standing() if each.type == "QUARANTINE"]


def _tell_ways(executor: "Executor", settings: "Settings") -> None:
    try:
        ways = executor.ways()
    except MitigationError as error:
        print(error, file=sys.stderr)
        return
    for line in ways.describe():
        print(f"stays reachable: {line}", file=sys.stderr)
    if ways.host:
        deadman_s = settings.mitigate.deadman_s
        print(f"it ends when the agent has no broker for {deadman_s} s", file=sys.stderr)
