"""`devicewarden baseline`: what statistics and machine learning know, from device to device."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.cli.rows import aligned, printable
from devicewarden.model.errors import AgentError, BaselineError

if TYPE_CHECKING:
    from devicewarden.cli.baselines import Learning

_HEADS: Final = ("BEHAVIOR", "METRIC", "WINDOW", "LEARNT", "DATAPOINTS", "USUAL", "SAVED")
_TAKEN: Final = "the daemon takes it at its next start or reload: systemctl reload devicewarden"


@click.group("baseline")
def command() -> None:
    """Show what the device has learnt, and let one device teach another."""


@command.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def show(config: Path | None, *, as_json: bool) -> None:
    """Show what each behavior that learns knows, as the daemon last saved it."""
    from devicewarden.cli.baselines import learning  # noqa: PLC0415  --help must be fast

    found = learning(load_or_exit(config).settings)
    if as_json:
        print(json.dumps([_document(each) for each in found], indent=2))
    elif found:
        print(aligned([_HEADS, *map(_row, found)]))
    else:
        print("no behavior in force learns", file=sys.stderr)


@command.command()
@config_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def export(config: Path | None, file: Path, *, force: bool) -> None:
    """Write what was learnt, as the daemon last saved it, to a file that names no device."""
    from devicewarden.cli.baselines import saved  # noqa: PLC0415  --help must be fast
    from devicewarden.detect.baseline_file import write_baselines  # noqa: PLC0415  as above

    kept = saved(load_or_exit(config).settings.state)
    if not kept:
        raise AgentError(
            "nothing was saved yet", hint="the daemon saves twice a day, and when it stops"
        )
    if file.exists() and not force:
        raise AgentError(f"{file} exists", hint="--force replaces it")
    try:
        file.write_text(write_baselines({key: each.data for key, each in kept.items()}))
    except OSError as error:
        raise AgentError(f"{file} cannot be written: {error.strerror}") from error
    print(f"written {len(kept)} baselines to {file}", file=sys.stderr)


@command.command("import")
@config_option
@click.argument("file", type=click.File("rb"), metavar="FILE")
def import_(config: Path | None, file: BinaryIO) -> None:
    """Take over what another device has learnt; all of a file, or nothing if any is damaged."""
    from devicewarden.cli.baselines import leave  # noqa: PLC0415  --help must be fast
    from devicewarden.detect.baseline_file import MAX_BYTES, read_baselines  # noqa: PLC0415

    try:
        baselines = read_baselines(file.read(MAX_BYTES + 1))
    except BaselineError as error:
        raise AgentError(f"{file.name} {error}") from error
    leave(load_or_exit(config).settings.state, baselines)
    print(f"imported {len(baselines)} baselines; {_TAKEN}", file=sys.stderr)


@command.command()
@config_option
@click.argument("behavior", required=False)
@click.option("--all", "all_", is_flag=True, help="Forget all that was learnt.")
def reset(config: Path | None, behavior: str | None, *, all_: bool) -> None:
    """Forget what a BEHAVIOR has learnt, and what others on the same metric share with it."""
    from devicewarden.cli.baselines import learning, leave, saved  # noqa: PLC0415  see above

    if (behavior is None) != all_:
        raise click.UsageError("name a behavior, or give --all")
    settings = load_or_exit(config).settings
    found = [each for each in learning(settings) if all_ or each.behavior == behavior]
    keys = {each.key for each in found} | (set(saved(settings.state)) if all_ else set())
    if not keys:
        raise AgentError("no such behavior learns", hint="see devicewarden baseline show")
    leave(settings.state, dict.fromkeys(keys, b""))
    print(f"{len(keys)} baselines will be forgotten; {_TAKEN}", file=sys.stderr)


def _document(each: "Learning") -> dict[str, Any]:
    return {
        "securityProfileName": each.profile,
        "behaviorName": each.behavior,
        "kind": each.key.kind,
        "metric": each.key.metric,
        "windowSeconds": each.key.length_s,
        "progress": round(each.progress, 3),
        "datapoints": each.datapoints,
        "usual": each.usual,
        "limit": each.limit,
        "savedAt": each.saved_at and each.saved_at.isoformat(),
        "sizeBytes": each.size_bytes,
    }


def _row(each: "Learning") -> tuple[str, ...]:
    return (
        printable(each.behavior),
        printable(each.key.metric),
        f"{each.key.length_s} s",
        f"{each.progress:.0%}",
        str(each.datapoints),
        _usual(each),
        _stamp(each.saved_at),
    )


def _usual(each: "Learning") -> str:
    if each.usual is None:
        return "not known yet"
    told = f"{each.usual[0]:.4g} to {each.usual[1]:.4g}"
    return told if each.limit is None else f"{told}; limit {each.limit:.4g}"


def _stamp(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z" if at else "never"
