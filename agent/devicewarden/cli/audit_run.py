"""An audit from its settings to what is recorded of it."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

from devicewarden.audit import registry
from devicewarden.audit.runner import AnyCheck, run_checks
from devicewarden.audit.schedule import is_due
from devicewarden.audit.suppress import Suppressions
from devicewarden.cli.audit_progress import Progress
from devicewarden.config.audit_documents import load_audit_documents
from devicewarden.config.settings import Settings, StateSettings
from devicewarden.model.audit import Audit, ScheduledAudit
from devicewarden.model.errors import AuditError, StateError
from devicewarden.model.finding import Suppression
from devicewarden.notify.registry import sink_names
from devicewarden.report.findings import completed_document, finding_document, finding_event
from devicewarden.report.rule import Rule
from devicewarden.state.finding_records import Recorded, Writers
from devicewarden.state.finding_tables import last_audit, record
from devicewarden.state.own import transact
from devicewarden.state.suppression_tables import recorded

USUAL: Final = ScheduledAudit(name="daily", frequency="DAILY")
"""Stands in where no document has a schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to audit.

    Attributes:
        names: of checks in kebab case; empty: all that are enabled.
        account: the AWS account, not this device.
        kept: whether findings are recorded and told; without, nothing is written.
    """

    names: tuple[str, ...] = ()
    account: bool = False
    kept: bool = True


class Auditor:
    """Runs audits with the settings, documents and suppressions of one instant.

    Raises:
        ConfigError: a document is wrong.
        StateError: the state file cannot be used, although findings are to be kept.
        AuditError: there is nothing to audit, such as no credentials of an account.
    """

    def __init__(self, settings: Settings, request: Request) -> None:
        self._settings = settings
        self._request = request
        known = [check.meta.name for check in registry.checks()]
        self._documents = load_audit_documents(Path(settings.audit.dir), known)
        # Before the audit: where nothing can be kept, minutes of work would be for nothing.
        suppressions = _suppressions(settings.state) if request.kept else ()
        self._suppressions = (*self._documents.suppressions, *suppressions)
        opened = registry.open_account if request.account else registry.open_device
        self._inventory = opened(settings)
        for warning in self._documents.warnings:
            print(warning, file=sys.stderr)

    def run(self, schedule: ScheduledAudit | None = None) -> Recorded:
        """Run one audit now, and keep what it found."""
        names = self._request.names or (schedule.checks if schedule else ())
        started_at, progress = datetime.now(UTC), Progress()
        findings, runs = run_checks(
            self._inventory,
            self._chosen(names),
            Suppressions(self._suppressions, started_at),
            started_at,
            progress.tell,
        )
        progress.clear()
        audit = Audit(
            task_id=uuid4().hex,
            scope=self._inventory.scope,
            schedule=schedule.name if schedule else "",
            started_at=started_at,
            ended_at=datetime.now(UTC),
            findings=findings,
            runs=runs,
            switched_off=tuple(self._switched_off(names)),
        )
        return _kept(audit, self._settings) if self._request.kept else Recorded(audit)

    def due(self) -> Iterator[ScheduledAudit]:
        """Give the scheduled audits that are due, one when the one before is done."""
        now = datetime.now(UTC)
        for schedule in self._documents.schedules.values() or (USUAL,):
            if is_due(schedule, self._last(schedule.name), now):
                yield schedule

    def _last(self, schedule: str) -> datetime | None:
        scope = self._inventory.scope
        return transact(self._settings.state, lambda db: last_audit(db, scope, schedule))

    def _switched_off(self, names: Sequence[str]) -> Iterator[str]:
        for check in self._documents.configurations:
            # Asked for by name, it runs all the same.
            if check not in names and not self._documents.enabled(check):
                yield check

    def _chosen(self, names: Sequence[str]) -> list[AnyCheck]:
        documents, classes = self._documents, self._inventory.classes
        chosen = [
            check
            for check in registry.checks(documents.thresholds())
            if (check.meta.name in names if names else documents.enabled(check.meta.name))
        ]
        # Asked for by name, a check that is left out would look as if it passed.
        for check in chosen if self._request.names else ():
            if check.subject not in classes:
                raise AuditError(
                    f"{check.meta.name} cannot be decided {_where(account=self._request.account)}",
                    hint=f"it needs {check.meta.needs}",
                )
        return chosen


def _suppressions(settings: StateSettings) -> tuple[Suppression, ...]:
    try:
        return transact(settings, recorded)
    except StateError as error:
        hint = "; ".join(filter(None, (error.hint, "--no-record audits and keeps nothing")))
        raise StateError(str(error), hint=hint) from error


def _where(*, account: bool) -> str:
    return "in the account" if account else "on the device alone"


def rules() -> tuple[Rule, ...]:
    """Tell of all checks, as reports do."""
    return tuple(
        Rule(
            name=check.meta.name,
            title=check.meta.title,
            severity=check.meta.severity,
            why=check.meta.why,
            remedy=check.meta.remedy,
        )
        for check in registry.checks()
    )


def _kept(audit: Audit, settings: Settings) -> Recorded:
    thing, sinks = settings.thing.name, sink_names(settings)
    writers = Writers(
        finding=lambda done, each: json.dumps(finding_document(done, each)),
        event=lambda document, kind, at: finding_event(document, kind, at, thing),
        completed=lambda done: json.dumps(completed_document(done, thing)),
    )
    return transact(settings.state, lambda db: record(db, audit, sinks, writers))
