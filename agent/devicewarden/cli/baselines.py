"""Baselines in the state file, for short-lived commands while the daemon may be running."""

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from devicewarden.config.profile_folder import known_types, load_profiles
from devicewarden.config.settings import Settings, StateSettings
from devicewarden.detect.baseline_file import prove
from devicewarden.detect.evaluate import Evaluator
from devicewarden.detect.learned import BaselineKey, baseline_name, parse_baseline_name
from devicewarden.detect.machine_learning import Series
from devicewarden.detect.statistical import Past
from devicewarden.model.behavior import Behavior, SecurityProfile, StatisticalThreshold
from devicewarden.model.errors import BaselineError
from devicewarden.state.look import change, look
from devicewarden.state.snapshots import (
    DamagedSnapshotError,
    Snapshot,
    put_imports,
    read_snapshot,
    saved_at,
    snapshot_names,
)

_VERSION = 1


class Saved(NamedTuple):
    """A baseline in the state file."""

    data: bytes
    at: datetime | None


class Learning(NamedTuple):
    """What a behavior that learns knows.

    Attributes:
        profile: its profile.
        behavior: its name.
        key: what it learns.
        progress: 0 to 1; at 1 it judges.
        datapoints: learnt by machine learning, or held by a percentile.
        usual: range of 98 of 100 values, of this hour where it is machine learning; None: unknown.
        limit: the percentile now; None: unknown, or machine learning.
        saved_at: when it changed last in the state file; None: never.
        size_bytes: of what is saved.
    """

    profile: str
    behavior: str
    key: BaselineKey
    progress: float
    datapoints: int
    usual: tuple[float, float] | None
    limit: float | None
    saved_at: datetime | None
    size_bytes: int


def saved(settings: StateSettings) -> dict[BaselineKey, Saved]:
    """Read all baselines that are kept; what is damaged is left out.

    Raises:
        StateError: the state file cannot be read.
    """
    return look(settings, _saved)


def leave(settings: StateSettings, baselines: Mapping[BaselineKey, bytes]) -> None:
    """Leave baselines for the daemon, which takes them at its next start or reload.

    Args:
        settings: where the state file is.
        baselines: empty bytes: it is to be forgotten.

    Raises:
        StateError: the state file cannot be written.
    """
    imports = {baseline_name(key): Snapshot(_VERSION, data) for key, data in baselines.items()}
    change(settings, lambda db: put_imports(db, imports, datetime.now(UTC)))


def learning(settings: Settings) -> list[Learning]:
    """Tell what each behavior in force knows.

    Raises:
        StateError: the state file cannot be read.
    """
    profiles = load_profiles(
        Path(settings.detect.profiles_dir),
        thing_groups=settings.detect.thing_groups,
        custom_types=known_types(settings.custom_metrics),
    ).profiles
    evaluator = Evaluator(
        profiles,
        thing=settings.thing.name,
        datapoint_s=settings.detect.datapoint_s,
        new_id=str,
    )
    kept = saved(settings.state)
    return [
        _learning(
            _behavior(profiles, each.profile, each.behavior), each.profile, each.baseline, kept
        )
        for each in evaluator.training()
    ]


def _saved(db: sqlite3.Connection) -> dict[BaselineKey, Saved]:
    found: dict[BaselineKey, Saved] = {}
    for name in snapshot_names(db, "baseline"):
        try:
            key, snapshot = parse_baseline_name(name), read_snapshot(db, "baseline", name)
            if snapshot is None or snapshot.version != _VERSION:
                continue
            prove(key, snapshot.data)
        except (BaselineError, DamagedSnapshotError):
            continue
        found[key] = Saved(snapshot.data, saved_at(db, "baseline", name))
    return found


def _behavior(profiles: tuple[SecurityProfile, ...], profile: str, name: str) -> Behavior:
    return next(
        behavior
        for each in profiles
        if each.name == profile
        for behavior in each.behaviors
        if behavior.name == name
    )


def _learning(
    behavior: Behavior, profile: str, key: BaselineKey, kept: Mapping[BaselineKey, Saved]
) -> Learning:
    found = kept.get(key)
    known = prove(key, found.data) if found else None
    return Learning(
        profile=profile,
        behavior=behavior.name,
        key=key,
        progress=known.progress if known else 0.0,
        datapoints=known.count if known else 0,
        usual=_usual(known),
        limit=_limit(known, behavior),
        saved_at=found.at if found else None,
        size_bytes=len(found.data) if found else 0,
    )


def _usual(known: Past | Series | None) -> tuple[float, float] | None:
    if isinstance(known, Series):
        return known.usual(int(datetime.now(UTC).timestamp()))
    low, high = (known.percentile(1), known.percentile(99)) if known else (None, None)
    return None if low is None or high is None else (low, high)


def _limit(known: Past | Series | None, behavior: Behavior) -> float | None:
    criteria = behavior.criteria
    if isinstance(known, Past) and isinstance(criteria, StatisticalThreshold):
        return known.percentile(criteria.percentile)
    return None
