"""A host for actions: made of doors that a test opens."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devicewarden.config.mitigate_settings import MitigateSettings
from devicewarden.config.settings import PublishSettings, Settings
from devicewarden.mitigate import process
from devicewarden.mitigate.action import Ask, Host, Runs
from devicewarden.mitigate.firewall import Firewall, Nft
from devicewarden.mitigate.ways import Ways, find_ways
from devicewarden.model.action import (
    Cause,
    Facts,
    MitigationAction,
    PlannedAction,
    action_id,
)
from devicewarden.model.action_params import Params

BROKER = "192.0.2.2"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def settings_of(**changed: Any) -> Settings:
    mitigate = replace(MitigateSettings(enabled=True, dry_run=False), **changed)
    publish = PublishSettings(endpoint=BROKER, port=1883, tls=False)
    return Settings(mitigate=mitigate, publish=publish)


def host_of(
    nft: Nft,
    folder: Path,
    *,
    settings: Settings | None = None,
    run: Runs = process.run,
    ways: Callable[[], Ways] | None = None,
) -> Host:
    given = settings or settings_of()
    return Host(
        settings=given,
        firewall=Firewall(nft),
        run=run,
        ways=ways or (lambda: find_ways(given, (), lambda host: (host,) if host else ())),
        folder=folder,
    )


def ask_for(
    params: Params, *, name: str = "a" * 32, timeout_s: int = 600, facts: Facts | None = None
) -> Ask:
    return Ask(
        action_id=name,
        params=params,
        facts=facts or Facts(),
        timeout_s=timeout_s,
        opens_s=timeout_s,
    )


def planned(
    name: str, *, cause: Cause | None = None, facts: Facts | None = None, dry_run: bool = False
) -> PlannedAction:
    why = cause or Cause("violation", "v1")
    return PlannedAction(
        action_id=action_id(why, name, dry_run=dry_run),
        cause=why,
        name=name,
        facts=facts or Facts(),
        dry_run=dry_run,
        planned_at=NOW,
    )


def configured(**actions: Params) -> dict[str, MitigationAction]:
    return {name: MitigationAction(name=name, params=params) for name, params in actions.items()}
