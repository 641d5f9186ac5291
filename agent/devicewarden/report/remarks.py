"""What was found in files that people edit -> lines for them, or SARIF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from devicewarden.model.finding import Severity
from devicewarden.report.rule import Rule
from devicewarden.report.sarif import LEVELS, file_uri, sarif_log, sarif_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One place in a file.

    Attributes:
        file: as it was named on the command line.
        line: from 1.
        column: from 1.
        check: its name in kebab case; empty: the file could not be judged.
        severity: of the check.
        code: reason code; empty where the file could not be judged.
        text: what is wrong, and what would be right.
    """

    file: str
    line: int
    column: int
    check: str
    severity: Severity
    code: str
    text: str


def remarks_sarif(remarks: Sequence[Remark], rules: Sequence[Rule]) -> dict[str, Any]:
    """Write all remarks as one run; what could not be judged makes it a failed one."""
    unjudged = [remark for remark in remarks if not remark.check]
    invocation = {
        "executionSuccessful": not unjudged,
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": sarif_text(remark.text),
                "locations": [_location(remark)],
            }
            for remark in unjudged
        ],
    }
    return sarif_log(rules, [_result(remark) for remark in remarks if remark.check], invocation)


def _result(remark: Remark) -> dict[str, Any]:
    return {
        "ruleId": remark.check,
        "level": LEVELS[remark.severity],
        "message": sarif_text(remark.text),
        "locations": [_location(remark)],
        "properties": {"code": remark.code, "severity": remark.severity},
    }


def _location(remark: Remark) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": file_uri(remark.file)},
            "region": {"startLine": remark.line, "startColumn": remark.column},
        }
    }
