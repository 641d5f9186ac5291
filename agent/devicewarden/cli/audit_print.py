"""How an audit is shown: a table for people, documents for machines."""

import json
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, assert_never

from devicewarden.cli.rows import aligned, printable
from devicewarden.model.audit import Audit, AuditFinding, identifier_label, identifier_text
from devicewarden.report.findings import audit_document
from devicewarden.report.findings_html import html_document
from devicewarden.report.findings_junit import junit_document
from devicewarden.report.findings_sarif import sarif_document
from devicewarden.report.rule import Rule

Format: TypeAlias = Literal["table", "json", "sarif", "junit", "html"]

_HEADS: Final = ("SEVERITY", "CHECK", "RESOURCE", "REASON", "FINDING")
_WIDEST_RESOURCE: Final = 72
_WIDEST_REASON: Final = 100
"""Of a policy it may be a page: `findings show` and the documents tell it whole."""


def rendered(audit: Audit, form: Format, rules: Sequence[Rule], thing: str) -> str:
    """Write an audit; the table is of findings that are not suppressed, and empty without any."""
    run = {each.check for each in audit.runs}
    told = [rule for rule in rules if rule.name in run]
    match form:
        case "table":
            loud = [each for each in audit.findings if not each.suppressed]
            return aligned([_HEADS, *map(_row, loud)]) if loud else ""
        case "json":
            return json.dumps(audit_document(audit), indent=2)
        case "sarif":
            return json.dumps(sarif_document(audit, told), indent=2)
        case "junit":
            return junit_document(audit)
        case "html":
            return html_document(audit, told, thing)
        case _:
            assert_never(form)


def summary(audit: Audit) -> str:
    """Tell in a few lines how the checks ended, and which are undecided and why."""
    by_status = [run.status for run in audit.runs]
    loud = sum(not each.suppressed for each in audit.findings)
    counts = (
        f"{len(audit.runs)} checks: {by_status.count('COMPLETED_COMPLIANT')} compliant,"
        f" {by_status.count('COMPLETED_NON_COMPLIANT')} not compliant,"
        f" {by_status.count('FAILED')} undecided;"
        f" {loud} findings, {len(audit.findings) - loud} suppressed"
    )
    undecided = [
        f"undecided: {run.check}: {printable(reason)}"
        for run in audit.runs
        for reason in run.undecided
    ]
    return "\n".join([counts, *undecided])


def _row(each: AuditFinding) -> tuple[str, ...]:
    finding = each.finding
    return (
        finding.severity,
        finding.check,
        short(identifier_text(finding.resource.identifier)),
        _cut(finding.reason, _WIDEST_REASON),
        each.finding_id,
    )


def short(identifier: str) -> str:
    """Write a resource's identifier on part of a line."""
    return _cut(identifier_label(json.loads(identifier)), _WIDEST_RESOURCE)


def _cut(text: str, widest: int) -> str:
    return printable(text if len(text) <= widest else f"{text[: widest - 3]}...")
