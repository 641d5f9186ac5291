"""`devicewarden profile`: check, import, replay and suggest security profiles."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from devicewarden.cli.options import config_option, format_option, load_or_exit
from devicewarden.cli.profile_replay import replay
from devicewarden.cli.profile_suggest import suggest
from devicewarden.cli.rows import printable

if TYPE_CHECKING:
    from devicewarden.config.profile import ParsedProfile
    from devicewarden.model.behavior import Behavior

EXIT_PROBLEMS: Final = 1
_COVERAGE: Final = {
    "device": "judged",
    "agent": "judged for the agent's own connection only",
    "nowhere": "no data",
}


@click.group("profile")
def command() -> None:
    """Check security profiles, bring them over from AWS, try and suggest them."""


command.add_command(replay)
command.add_command(suggest)


@command.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option("--aws", is_flag=True, help="What AWS would refuse is an error, too.")
@format_option
def check(files: tuple[Path, ...], form: str, *, aws: bool) -> None:
    """Tell everything that is wrong with security profiles.

    A file is a CreateSecurityProfile request, the output of describe-security-profile, or a list of
    behaviors. The exit status is 1 if any file has an error.
    """
    from devicewarden.config.profile_files import read_profile  # noqa: PLC0415  --help must be fast

    parsed = {str(file): read_profile(file, aws=aws, custom_types=_built_in()) for file in files}
    if form == "json":
        print(json.dumps([_document(file, result) for file, result in parsed.items()], indent=2))
    else:
        for file, result in parsed.items():
            _tell(file, result)
    sys.exit(EXIT_PROBLEMS if any(result.profile is None for result in parsed.values()) else 0)


@command.command("import")
@config_option
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder to write to. [default: detect.profiles_dir]",
)
@click.option(
    "--target", "targets", multiple=True, metavar="ARN", help="What it is attached to, if at all."
)
@click.option("--force", is_flag=True, help="Replace a profile of that name.")
def import_(
    config: Path | None, folder: Path | None, targets: tuple[str, ...], *, force: bool
) -> None:
    """Take over a profile from `aws iot describe-security-profile`.

    Its output is read from standard input, checked, and written to the folder of profiles as the
    request that would create it anew. Say how each behavior will be judged on this device.
    """
    from devicewarden.config.profile import parse_profile  # noqa: PLC0415  --help must be fast
    from devicewarden.config.profile_write import write_profile  # noqa: PLC0415

    document = _from_stdin(targets)
    parsed = parse_profile(document, name="", custom_types=_built_in())
    _tell("standard input", parsed)
    if parsed.profile is None:
        sys.exit(EXIT_PROBLEMS)
    directory = folder or Path(load_or_exit(config).settings.detect.profiles_dir)
    path = write_profile(document, directory, parsed.profile.name, replace=force)
    print(f"written {path}", file=sys.stderr)
    for behavior in parsed.profile.behaviors:
        print(_coverage_line(behavior))


def _from_stdin(targets: tuple[str, ...]) -> dict[str, Any]:
    """Read a request: what AWS added when it described the profile is left out."""
    from devicewarden.config.profile import DESCRIBED, TARGETS  # noqa: PLC0415  --help must be fast
    from devicewarden.config.profile_files import MAX_BYTES, BadFileError, decode  # noqa: PLC0415
    from devicewarden.model.errors import AgentError  # noqa: PLC0415

    try:
        document = decode(sys.stdin.buffer.read(MAX_BYTES + 1))
    except BadFileError as error:
        raise AgentError(f"standard input {error}") from error
    if not isinstance(document, dict):
        raise AgentError("standard input is no output of aws iot describe-security-profile")
    request = {name: value for name, value in document.items() if name not in DESCRIBED}
    return request | ({TARGETS: list(targets)} if targets else {})


def _built_in() -> dict[str, Any]:
    from devicewarden.config.profile_folder import known_types  # noqa: PLC0415  --help must be fast
    from devicewarden.config.settings import CustomMetricsSettings  # noqa: PLC0415

    return dict(known_types(CustomMetricsSettings()))


def _tell(file: str, parsed: "ParsedProfile") -> None:
    named = printable(file)
    for problem in parsed.problems:
        print(f"{named}: {problem.severity}: {problem.path}: {problem.reason}", file=sys.stderr)
    if parsed.profile:
        print(
            f"{named}: profile {parsed.profile.name} can be judged, "
            f"behaviors: {len(parsed.profile.behaviors)}",
            file=sys.stderr,
        )


def _document(file: str, parsed: "ParsedProfile") -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415  --help must be fast

    return {
        "file": file,
        "valid": parsed.profile is not None,
        "profile": parsed.profile.name if parsed.profile else None,
        "problems": [asdict(problem) for problem in parsed.problems],
    }


def _coverage_line(behavior: "Behavior") -> str:
    from devicewarden.config.profile_hints import measured  # noqa: PLC0415  --help must be fast

    return f"{behavior.name} ({behavior.metric}): {_COVERAGE[measured(behavior)]}"
