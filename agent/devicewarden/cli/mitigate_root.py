"""What root's commands share: settings and documents that nobody else wrote, and the executor."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from devicewarden.cli.failure import tell
from devicewarden.cli.options import load_config
from devicewarden.cli.rows import printable
from devicewarden.config.action_documents import load_action_documents
from devicewarden.config.root_owned import writable_by_others
from devicewarden.config.settings import Settings
from devicewarden.mitigate.executor import Executor
from devicewarden.mitigate.refusals import Refusals
from devicewarden.mitigate.session import open_executor
from devicewarden.model.action import ActionRecord, MitigationAction
from devicewarden.model.action_mapping import Orders
from devicewarden.model.errors import AgentError, ConfigError


class Given(NamedTuple):
    """What root goes by.

    Attributes:
        settings: the defaults, where they are broken.
        orders: none, where they or the settings are broken.
        broken: what is wrong; empty: nothing is.
    """

    settings: Settings
    orders: Orders
    broken: str = ""


def given(config: Path | None) -> Given:
    """Read settings and documents.

    Raises:
        ConfigError: they are broken, or somebody else than root may write them.
    """
    # Whoever is the agent must not decide whether root can act, or has to wait.
    loaded = load_config(config, judge_files=False, trust_agent=False)
    documents = load_action_documents(Path(loaded.settings.mitigate.dir))
    if problems := writable_by_others((*loaded.files, *documents.files)):
        raise ConfigError(
            f"root does not go by what others may write: {problems[0]}", problems=problems
        )
    for warning in documents.warnings:
        print(warning, file=sys.stderr)
    return Given(loaded.settings, documents.orders)


def given_or_nothing(config: Path | None) -> Given:
    """Read settings and documents; broken ones are told, and allow nothing new."""
    try:
        return given(config)
    except ConfigError as error:
        tell(error)
        return Given(Settings(), Orders(), "root's configuration is broken: see check-config")


@contextmanager
def executor_of(found: Given, *, operator: bool) -> Iterator[Executor]:
    """Open the executor for a person, or for what the agent asked for.

    Raises:
        AgentError: we are not root, or the ledger cannot be used.
    """
    if os.geteuid() != 0:
        raise AgentError("this changes the device, which takes root", hint="sudo devicewarden ...")
    refusals = Refusals(
        settings=found.settings.mitigate,
        orders=found.orders,
        operator=operator,
        broken=found.broken,
    )
    with open_executor(found.settings, refusals) as executor:
        yield executor


def told(records: list[ActionRecord]) -> int:
    """Print what became of actions, and give the exit status: 70 where one failed."""
    for record in records:
        why = f": {record.message}" if record.message else ""
        line = f"{record.action_id}  {record.status}  {record.name}  {record.description}{why}"
        # A command that failed has its last words in it.
        print(printable(line))
    return 70 if any(record.status == "FAILED" for record in records) else 0


def with_actions(found: Given, actions: Mapping[str, MitigationAction]) -> Given:
    """Add actions that a person asks for without a document."""
    orders = found.orders
    return found._replace(
        orders=Orders(
            actions={**orders.actions, **actions},
            for_violations=orders.for_violations,
            for_findings=orders.for_findings,
        )
    )
