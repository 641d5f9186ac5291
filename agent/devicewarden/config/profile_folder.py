"""The folder of security profiles: what is in force on this device, and what is wrong."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from devicewarden.config.fault import shown
from devicewarden.config.loaded_profiles import NOTHING, LoadedProfiles
from devicewarden.config.profile_files import read_profile
from devicewarden.config.profile_problem import ProfileProblem
from devicewarden.config.profile_schema import NO_TYPES, CustomType
from devicewarden.config.profile_targets import apply_here
from devicewarden.config.settings import BUILT_IN_METRICS, CustomMetricsSettings
from devicewarden.model.behavior import SecurityProfile

MAX_FILES: Final = 100


def load_profiles(
    directory: Path,
    *,
    thing_groups: Collection[str] = (),
    custom_types: Mapping[str, CustomType] = NO_TYPES,
    last: LoadedProfiles = NOTHING,
) -> LoadedProfiles:
    """Read every `*.json` in a folder; hidden ones, and what is no regular file, are skipped.

    Args:
        directory: a folder that is not there has no profiles.
        thing_groups: those of this device, for profiles that have targets.
        custom_types: custom metric -> type, as far as they are known.
        last: what was loaded before. A broken file leaves the profile that it held in force, and a
            folder that cannot be listed leaves all of them.
    """
    try:
        paths = json_files(directory)
    except OSError as error:
        problem = ProfileProblem("$", f"cannot be read: {error.strerror}", "error")
        return LoadedProfiles(last.by_file, {str(directory): (problem,)}, last.elsewhere)
    by_file: dict[str, SecurityProfile] = {}
    problems: dict[str, tuple[ProfileProblem, ...]] = {}
    elsewhere: list[str] = []
    if len(paths) > MAX_FILES:
        reason = f"has more than {MAX_FILES} files: only the first are read"
        problems[str(directory)] = (ProfileProblem("$", reason, "error"),)
    for path in paths[:MAX_FILES]:
        parsed = read_profile(path, custom_types=custom_types)
        profile, found = parsed.profile or last.by_file.get(path.name), parsed.problems
        if parsed.profile and not apply_here(parsed.targets, thing_groups):
            elsewhere.append(path.name)
        elif profile and (owner := _owner(by_file, profile.name)):
            found = (*found, _taken(profile.name, owner))
        elif profile:
            by_file[path.name] = profile
        if found:
            problems[path.name] = found
    return LoadedProfiles(by_file, problems, tuple(elsewhere))


def known_types(custom: CustomMetricsSettings) -> dict[str, CustomType]:
    """Tell the types of custom metrics that the settings know; files dropped in are not known."""
    types: dict[str, CustomType] = dict.fromkeys(BUILT_IN_METRICS, "number")
    return types | {command.name: command.type for command in custom.commands}


def json_files(directory: Path) -> list[Path]:
    """List `*.json` in a folder, hidden ones and what is no file excepted; none if it is not there.

    Raises:
        OSError: it cannot be listed.
    """
    try:
        entries = sorted(directory.iterdir())
    except FileNotFoundError:
        return []
    return [
        path
        for path in entries
        if path.suffix == ".json" and not path.name.startswith(".") and _may_be_file(path)
    ]


def _may_be_file(path: Path) -> bool:
    """Tell folders, pipes and devices from files; what may not be looked at is named when read."""
    try:
        return path.is_file() or path.is_symlink()
    except OSError:
        return True


def _owner(by_file: Mapping[str, SecurityProfile], name: str) -> str | None:
    return next((file for file, profile in by_file.items() if profile.name == name), None)


def _taken(name: str, owner: str) -> ProfileProblem:
    reason = f"{shown(name)} is the name of the profile in {shown(owner)}, too"
    return ProfileProblem("$.securityProfileName", reason, "error")
