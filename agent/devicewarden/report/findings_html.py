"""An audit -> one HTML page that loads nothing, so that it can be mailed and archived."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from devicewarden.model.audit import DEVICE, Audit, AuditFinding, identifier_label
from devicewarden.model.finding import CheckRun
from devicewarden.report.rule import Rule

_HEAD: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Audit</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .4em .6em; }
th, td { text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
.CRITICAL { color: #b00020; font-weight: bold; } .HIGH { color: #c2410c; font-weight: bold; }
.MEDIUM { color: #92600a; } .suppressed { opacity: .6; } .FAILED { color: #6d28d9; }
:root { color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  .CRITICAL { color: #ff8a95; } .HIGH { color: #ffab70; } .MEDIUM { color: #e3c170; }
  .FAILED { color: #c4b5fd; }
}
</style>
</head>
<body>
"""
_STATUS: Final = {
    "COMPLETED_COMPLIANT": "compliant",
    "COMPLETED_NON_COMPLIANT": "not compliant",
    "FAILED": "undecided",
}


def html_document(audit: Audit, rules: Sequence[Rule], thing: str) -> str:
    """Write the page.

    Args:
        audit: with its findings.
        rules: of the checks that were run.
        thing: name of the device.
    """
    titles = {rule.name: rule.title for rule in rules}
    whose = thing if audit.scope == DEVICE else f"account {audit.scope}"
    loud = sum(not each.suppressed for each in audit.findings)
    quiet = len(audit.findings) - loud
    undecided = sum(run.status == "FAILED" for run in audit.runs)
    counts = f"{len(audit.runs)} checks, {undecided} undecided; {loud} findings, {quiet} suppressed"
    return "".join(
        [
            _HEAD,
            f"<h1>Audit of {escape(whose)}</h1>\n",
            f"<p>{audit.started_at:%Y-%m-%d %H:%M:%S} UTC, {counts}.</p>\n",
            "<h2>Findings</h2>\n",
            _table(("Severity", "Finding", "Reason", "Remedy"), map(_finding, audit.findings))
            if audit.findings
            else "<p>None.</p>\n",
            "<h2>Checks</h2>\n",
            _table(
                ("Check", "Outcome", "Resources", "Not compliant", "Suppressed"),
                (_check(run, titles.get(run.check, "")) for run in audit.runs),
            ),
            "</body>\n</html>\n",
        ]
    )


def _finding(each: AuditFinding) -> str:
    finding = each.finding
    resource = f"{finding.resource.type} {identifier_label(finding.resource.identifier)}"
    mark = " (suppressed)" if each.suppressed else ""
    return (
        f'<tr class="{"suppressed" if each.suppressed else "loud"}">'
        f'<td class="{finding.severity}">{finding.severity}{mark}</td>'
        f"<td>{escape(finding.check)}<br><small>{escape(resource)}</small></td>"
        f"<td>{escape(finding.reason)}<br><code>{escape(finding.code)}</code></td>"
        f"<td>{escape(finding.remedy)}</td></tr>\n"
    )


def _check(run: CheckRun, title: str) -> str:
    why = "".join(f"<br>{escape(reason)}" for reason in run.undecided)
    return (
        f"<tr><td>{escape(run.check)}<br><small>{escape(title)}</small></td>"
        f'<td class="{run.status}">{_STATUS[run.status]}{why}</td>'
        f"<td>{run.resources}</td><td>{run.non_compliant}</td><td>{run.suppressed}</td></tr>\n"
    )


def _table(heads: Sequence[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>\n</table>\n"
