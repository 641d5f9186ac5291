"""An audit -> JUnit XML, which pipelines show as tests: a suite a check.

Source: the format has no standard; this is what Jenkins and GitLab read.
"""

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

from devicewarden.model.audit import Audit, AuditFinding, identifier_text
from devicewarden.model.finding import CheckRun

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for, in any spelling."""


def junit_document(audit: Audit) -> str:
    """Write an audit: findings fail, suppressed ones are skipped, undecided checks are errors."""
    by_check: dict[str, list[AuditFinding]] = {run.check: [] for run in audit.runs}
    for each in audit.findings:
        by_check.setdefault(each.finding.check, []).append(each)
    suites = [_suite(run, by_check[run.check], audit) for run in audit.runs]
    totals = _attributes(
        name="devicewarden audit",
        tests=sum(max(len(by_check[run.check]) + len(run.undecided), 1) for run in audit.runs),
        failures=sum(not each.suppressed for each in audit.findings),
        errors=sum(len(run.undecided) for run in audit.runs),
    )
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites{totals}>", *suites]
    return "\n".join([*lines, "</testsuites>", ""])


def _suite(run: CheckRun, findings: list[AuditFinding], audit: Audit) -> str:
    cases = list(_cases(run, findings))
    attributes = _attributes(
        name=run.check,
        timestamp=f"{audit.started_at:%Y-%m-%dT%H:%M:%S}",
        tests=len(cases),
        failures=sum(not each.suppressed for each in findings),
        errors=len(run.undecided),
        skipped=sum(each.suppressed for each in findings),
    )
    return "\n".join([f"<testsuite{attributes}>", *cases, "</testsuite>"])


def _cases(run: CheckRun, findings: list[AuditFinding]) -> Iterator[str]:
    for each in findings:
        yield _case(run.check, identifier_text(each.finding.resource.identifier), _outcome(each))
    for reason in run.undecided:
        told = f"<error{_attributes(type='undecided', message=reason)}/>"
        yield _case(run.check, "undecided", told)
    if not findings and not run.undecided:
        yield _case(run.check, f"{run.resources} resources", "")


def _outcome(each: AuditFinding) -> str:
    finding = each.finding
    if each.suppressed:
        return f"<skipped{_attributes(message='suppressed: ' + finding.reason)}/>"
    attributes = _attributes(type=finding.code, message=f"{finding.severity}: {finding.reason}")
    return f"<failure{attributes}>{_text(finding.remedy)}</failure>"


def _case(check: str, name: str, content: str) -> str:
    return f"<testcase{_attributes(classname=check, name=name)}>{content}</testcase>"


def _attributes(**values: str | int) -> str:
    named: Mapping[str, str | int] = values
    return "".join(f' {name}="{_text(str(value))}"' for name, value in named.items())


def _text(text: str) -> str:
    return escape(_NO_XML.sub("\ufffd", text))
