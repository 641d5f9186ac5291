"""`devicewarden profile replay`: what a profile would have alarmed."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from devicewarden.cli.options import config_option, load_or_exit
from devicewarden.cli.rows import aligned, printable
from devicewarden.cli.since import history_option

if TYPE_CHECKING:
    from devicewarden.config.settings import Settings
    from devicewarden.detect.retrospect import Retrospect
    from devicewarden.detect.trial import Doubt
    from devicewarden.model.behavior import SecurityProfile
    from devicewarden.model.violation import ViolationEvent


@click.command()
@config_option
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@history_option
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def replay(config: Path | None, file: Path, since: datetime, *, as_json: bool) -> int:
    """Tell what a profile would have alarmed, from the stored datapoints.

    The status is 1 if it would have. Statistics and machine learning begin with nothing learnt at
    the first datapoint. Lists are judged by what was seen in each window.
    """
    from devicewarden.cli.past import read_history  # noqa: PLC0415  --help must be fast
    from devicewarden.detect.retrospect import retrospect  # noqa: PLC0415  as above

    settings = load_or_exit(config).settings
    profile = _read(file, settings)
    metrics = {behavior.metric for behavior in profile.behaviors}
    found = retrospect(
        profile,
        read_history(settings.state, since, metrics),
        thing=settings.thing.name,
        datapoint_s=settings.detect.datapoint_s,
    )
    if as_json:
        print(json.dumps(_document(profile, found), indent=2))
    else:
        _tell(profile, found)
    return 1 if found.events else 0


def _read(file: Path, settings: "Settings") -> "SecurityProfile":
    from devicewarden.config.profile_files import read_profile  # noqa: PLC0415  --help must be fast
    from devicewarden.config.profile_folder import known_types  # noqa: PLC0415  as above
    from devicewarden.model.errors import AgentError  # noqa: PLC0415  as above

    parsed = read_profile(file, custom_types=known_types(settings.custom_metrics))
    if parsed.profile is None:
        raise AgentError(
            f"{file} cannot be judged", hint=f"devicewarden profile check {file} says why"
        )
    return parsed.profile


def _tell(profile: "SecurityProfile", found: "Retrospect") -> None:
    if found.events:
        heads = ("AT", "STATE", "BEHAVIOR", "VALUE")
        print(aligned([heads, *map(_row, found.events)]))
    for behavior in found.no_data:
        print(f"no data: {behavior.behavior} ({behavior.metric}): {behavior.reason}")
    for doubt in found.doubts:
        print(f"doubt: {doubt.behavior} failed {_share(doubt)}: {doubt.hint}")
    for learning in found.training:
        if learning.progress < 1:
            print(f"still learning at the end: {learning.behavior}: {learning.progress:.0%}")
    raised = [event for event in found.events if event.kind == "in-alarm"]
    span = f", {found.first_at} to {found.last_at}" if found.first_at else ""
    print(
        f"{len(raised)} alarms of {len({event.behavior.name for event in raised})} of "
        f"{len(profile.behaviors)} behaviors, from {found.datapoints} datapoints{span}",
        file=sys.stderr,
    )


def _share(doubt: "Doubt") -> str:
    return f"{doubt.failed} of {doubt.datapoints} datapoints"


def _row(event: "ViolationEvent") -> tuple[str, ...]:
    value: Any = event.context.get("offending")
    if value is None and event.value is not None:
        value = getattr(event.value, "value", "")
    told = json.dumps(value) if isinstance(value, list) else f"{value:g}" if value else ""
    return f"{event.at:%Y-%m-%d %H:%M:%S}Z", event.kind, printable(event.behavior.name), told


def _document(profile: "SecurityProfile", found: "Retrospect") -> dict[str, Any]:
    from devicewarden.detect.shape import message  # noqa: PLC0415  --help must be fast

    return {
        "securityProfileName": profile.name,
        "datapoints": found.datapoints,
        "from": found.first_at and found.first_at.isoformat(),
        "to": found.last_at and found.last_at.isoformat(),
        "events": [message(event) for event in found.events],
        "noData": [each._asdict() for each in found.no_data],
        "doubts": [each._asdict() for each in found.doubts],
        "learning": [
            {"behavior": each.behavior, "progress": round(each.progress, 3)}
            for each in found.training
        ],
    }
