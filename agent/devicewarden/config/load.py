"""The configuration in force: files and environment -> judged Settings. `cli` alone calls this."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from devicewarden.config.credentials import with_copies
from devicewarden.config.environment import environment_layer
from devicewarden.config.fault import Fault, dotted, shown
from devicewarden.config.files import Files, read_files
from devicewarden.config.host_name import host_name, thing_name_of
from devicewarden.config.identity import with_identity
from devicewarden.config.knobs import knobs
from devicewarden.config.layers import Layer, Merged, merge
from devicewarden.config.orders import with_orders
from devicewarden.config.paths import broken_files, broken_paths
from devicewarden.config.rules import broken_rules
from devicewarden.config.settings import Settings
from devicewarden.config.structure import structure
from devicewarden.model.errors import ConfigError, Problem

DEFAULT_FILE: Final = Path("/etc/devicewarden/config.toml")
_OF_IDENTITY: Final = frozenset(
    ("publish", name) for name in ("cert_file", "key_file", "pkcs11_library")
)

NO_TOPIC: Final = "which no topic takes"
"""Stands in the origin of a thing name that was made of such a host name."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration.

    Attributes:
        settings: every value in force; thing name and client id are filled in.
        origins: dotted key -> `default`, `FILE:LINE` or `environment NAME`, with what filled an
            empty value in behind it: `default (host name)`.
        files: the files that were read, in order; later ones win.
        given: section -> key -> value as written, defaults left out; good for `load_given`.
    """

    settings: Settings
    origins: Mapping[str, str]
    files: tuple[Path, ...]
    given: Mapping[str, Any]


def load(
    config: Path | None,
    environ: Mapping[str, str],
    *,
    default: Path = DEFAULT_FILE,
    judge_files: bool = True,
    trust_agent: bool = True,
) -> Loaded:
    """Read and judge the whole configuration; a start and `check-config` both do just this.

    Args:
        config: the file to read, which must exist; None: the default one, which need not.
        environ: the environment.
        default: the file that is read where none is named.
        judge_files: whether the files that it names must be there, readable, and secrets private.
            An audit takes them as they are: that they are not so is what it tells.
        trust_agent: whether what the agent keeps in its state folder counts: the identity that it
            got for itself, and what jobs ordered. Without, none of it is read, and settings may
            lack a certificate: nobody connects by them.

    Raises:
        ConfigError: with every problem there is, not just the first.
    """
    files = read_files((config or default).absolute(), must_exist=config is not None)
    variables, problems = environment_layer(environ)
    merged = merge((*files.layers, variables))
    return _judged(
        files, merged, problems, environ, judge_files=judge_files, trust_agent=trust_agent
    )


def load_given(given: Mapping[str, Any], environ: Mapping[str, str]) -> Loaded:
    """Judge again what `Loaded.given` once was; files and variables are not asked.

    Raises:
        ConfigError: with every problem there is, not just the first.
    """
    return _judged(Files((), (), ()), merge((Layer(given, {}),)), (), environ)


def _judged(
    files: Files,
    merged: Merged,
    environment_problems: tuple[Problem, ...],
    environ: Mapping[str, str],
    *,
    judge_files: bool = True,
    trust_agent: bool = True,
) -> Loaded:
    typed, type_faults = structure(merged.values)
    settings = with_copies(typed, environ)
    if trust_agent:
        settings = with_orders(_with_names(with_identity(settings)), broken_rules)
    else:
        settings = _with_names(settings)
    broken = [broken_rules(settings), broken_paths(settings)]
    broken += [broken_files(settings, environ)] if judge_files else []
    found = (
        f for f in chain.from_iterable(broken) if trust_agent or f.paths[0] not in _OF_IDENTITY
    )
    faults = [*type_faults, *_unknown(files, found, type_faults)]
    problems = (*files.problems, *environment_problems, *(_problem(f, merged) for f in faults))
    if problems:
        problems = _in_order(problems, files)
        raise ConfigError(_summary(problems), problems=problems)
    return Loaded(settings, _origins(merged, typed), files.read, merged.values)


def _unknown(files: Files, broken: Iterable[Fault], known: tuple[Fault, ...]) -> Iterator[Fault]:
    """Give the faults that do not follow from what is known to be wrong or could not be read."""
    if files.problems:
        return
    bad = {path[:2] for fault in known for path in fault.paths}
    for fault in broken:
        if not any(path[:2] in bad or path[:1] in bad for path in fault.paths):
            yield fault


def _with_names(settings: Settings) -> Settings:
    name = settings.thing.name or thing_name_of(host_name())
    thing = dataclasses.replace(
        settings.thing, name=name, client_id=settings.thing.client_id or name
    )
    return dataclasses.replace(settings, thing=thing)


def _origins(merged: Merged, typed: Settings) -> dict[str, str]:
    origins = {k.key: merged.origin((k.section, k.name)) or "default" for k in knobs()}
    if not typed.thing.name:
        origins["thing.name"] += f" (host name{_change()})"
    if not typed.thing.client_id:
        origins["thing.client_id"] += " (thing name)"
    return origins


def _change() -> str:
    host = host_name()
    return "" if thing_name_of(host) == host else f" {shown(host)}, {NO_TOPIC}"


def _problem(fault: Fault, merged: Merged) -> Problem:
    places = [place for place in map(merged.origin, fault.paths) if place]
    where = places[0] if places else merged.nearest(fault.paths[0]) or "default"
    return Problem(where, f"{dotted(fault.paths[0])}: {fault.message}", fault.hint)


def _in_order(problems: tuple[Problem, ...], files: Files) -> tuple[Problem, ...]:
    """Sort as one reads: file by file, line by line, and then what stands in no file."""
    ranks = {str(file): rank for rank, file in enumerate(files.read)}

    def rank(problem: Problem) -> tuple[int, int]:
        file, _, line = problem.where.rpartition(":")
        if file in ranks:
            return ranks[file], int(line)
        return ranks.get(problem.where, len(ranks)), 0

    return tuple(sorted(problems, key=rank))


def _summary(problems: tuple[Problem, ...]) -> str:
    others = len(problems) - 1
    return f"{problems[0]}" + (f", and {others} more; see devicewarden check-config" * bool(others))
