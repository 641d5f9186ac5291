"""`devicewarden mitigate apply|undo|list --account`: what is done in the AWS account."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devicewarden.aws.open import open_client
from devicewarden.cli.failure import EXIT_FAILED
from devicewarden.cli.rows import aligned, printable
from devicewarden.config.action_documents import load_action_documents
from devicewarden.config.settings import Settings, StateSettings
from devicewarden.mitigate.account.calls import ALL, DENIED_HINT
from devicewarden.mitigate.account.case import Case
from devicewarden.mitigate.account.cases import case_of_finding, case_of_violation
from devicewarden.mitigate.account.documents import execution, tasks
from devicewarden.mitigate.account.ledger import StateLedger, taken
from devicewarden.mitigate.account.permissions import permissions as written
from devicewarden.mitigate.account.run import Account, Runner
from devicewarden.mitigate.account.undo import undo
from devicewarden.mitigate.choose import for_finding, for_violation
from devicewarden.model.action import ActionRecord, PlannedAction
from devicewarden.model.action_mapping import Orders
from devicewarden.notify.registry import sink_names
from devicewarden.report.actions import action_document
from devicewarden.state import finding_tables, violation_tables
from devicewarden.state.account_actions import list_actions
from devicewarden.state.finding_records import FindingFilter
from devicewarden.state.own import transact
from devicewarden.state.violation_records import Filter

if TYPE_CHECKING:
    import sqlite3

_HEADS: Final = ("ID", "STATUS", "ACTION", "CAUSE", "WHAT")
_PARTITIONS: Final = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))


def apply_account(settings: Settings, cause: str | None, *, dry_run: bool, retry: bool) -> int:
    """Do in the account what the documents say about lasting findings and violations.

    Args:
        settings: only types that `mitigate.allow` names are done, also for a person: unlike on
            the device, one command may act on all findings.
        cause: id of the only one that counts; None: all.
        dry_run: tell what would be done, and do nothing.
        retry: do again what failed.

    Returns:
        Exit status: 70 where something failed.
    """
    documents = load_action_documents(Path(settings.mitigate.dir))
    for warning in documents.warnings:
        print(warning, file=sys.stderr)
    records: list[ActionRecord] = []
    with taken(_ledger(settings)) as ledger:
        account = _account(settings, ledger)
        runner = Runner(
            account=account,
            actions=documents.orders.actions,
            allow=settings.mitigate.allow,
            retry=retry,
        )
        for case in _cases(settings.state, account.number):
            if cause in (None, case.cause.id):
                planned = _planned(documents.orders, case, dry_run=dry_run)
                records += runner.run(case, planned)
    _show(records)
    return EXIT_FAILED if any(each.status == "FAILED" for each in records) else 0


def undo_account(settings: Settings, action_id: str) -> int:
    """Take one action in the account back.

    Raises:
        AgentError: it was not done, or cannot be taken back.
    """
    with taken(_ledger(settings)) as ledger:
        record = undo(_account(settings, ledger), action_id)
    _show([record])
    return 0


def list_account(settings: Settings, *, as_json: bool) -> None:
    """List what was done in accounts, the newest first; AWS is not asked."""
    records = [each.record for each in transact(settings.state, list_actions)][::-1]
    if as_json:
        shown = {"tasks": tasks(records), "executions": [execution(each) for each in records]}
        print(json.dumps(shown, indent=2))
    else:
        _show(records)


def print_permissions(settings: Settings) -> None:
    """Print the IAM policy that the configured actions need; nobody is asked."""
    documents = load_action_documents(Path(settings.mitigate.dir))
    region = settings.account.region
    partition = next((own for start, own in _PARTITIONS if region.startswith(start)), "aws")
    print(json.dumps(written(documents.orders.actions.values(), partition), indent=2))


def _ledger(settings: Settings) -> StateLedger:
    def write(record: ActionRecord) -> str:
        return json.dumps(action_document(record, settings.thing.name))

    return StateLedger(settings.state, tuple(sink_names(settings)), write)


def _account(settings: Settings, ledger: StateLedger) -> Account:
    client = open_client(settings.account, ALL, DENIED_HINT)
    number = client.account()
    return Account(calls=client, number=number, ledger=ledger, now=partial(datetime.now, UTC))


def _cases(settings: StateSettings, account: str) -> Iterator[Case]:
    findings = transact(settings, lambda db: finding_tables.find(db, FindingFilter()))
    for finding in findings:
        if case := case_of_finding(finding, account):
            yield case
    yield from transact(settings, _of_violations)


def _of_violations(db: "sqlite3.Connection") -> list[Case]:
    cases = []
    for violation in violation_tables.find(db, Filter(active=True)):
        found = violation_tables.show(db, violation.violation_id)
        if found and (case := case_of_violation(violation, json.loads(found[1][0]))):
            cases.append(case)
    return cases


def _planned(orders: Orders, case: Case, *, dry_run: bool) -> tuple[PlannedAction, ...]:
    choose = for_violation if case.cause.kind == "violation" else for_finding
    return choose(orders, case.document, now=datetime.now(UTC), dry_run=dry_run)


def _show(records: list[ActionRecord]) -> None:
    if records:
        print(aligned([_HEADS, *map(_row, records)]))
    else:
        print("no actions", file=sys.stderr)


def _row(record: ActionRecord) -> tuple[str, ...]:
    what = record.description + (f": {record.message}" if record.message else "")
    cause = f"{record.cause.kind} {record.cause.id}"
    return record.action_id, record.status, record.name, cause, printable(what)
