"""How an audit is shown: a table for people, documents for machines."""

import json
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, assert_never

from devicewarden.cli.rows import aligned, printable
from devicewarden.model.audit import Audit, AuditFinding, identifier_text
from devicewarden.report.findings import audit_document
from devicewarden.report.findings_html import html_document
from devicewarden.report.findings_junit import junit_document
from devicewarden.report.findings_sarif import sarif_document
from devicewarden.report.rule import Rule

Format: TypeAlias = Literal["table", "json", "sarif", "junit", "html"]

_HEADS: Final = ("SEVERITY", "CHECK", "RESOURCE", "REASON", "FINDING")
_WIDEST: Final = 72


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
        printable(finding.reason),
        each.finding_id,
    )


def short(identifier: str) -> str:
    """Write a resource's identifier on part of a line."""
    values = _values(json.loads(identifier))
    text = printable("/".join(values))
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _values(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _values(each)]
    return [str(value)]
