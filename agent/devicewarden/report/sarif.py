"""The envelope of a SARIF file: one run of one tool.

Source: SARIF 2.1.0, OASIS Standard; `security-severity` as GitHub code scanning reads it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from devicewarden.model.finding import Severity, wire_check_name
from devicewarden.model.version import VERSION
from devicewarden.report.rule import Rule

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS: Final[Mapping[Severity, str]] = {
    "CRITICAL": "error",
    "HIGH": "error",
    "MEDIUM": "warning",
    "LOW": "note",
}
_SCORES: Final[Mapping[Severity, str]] = {
    "CRITICAL": "9.5",
    "HIGH": "8.0",
    "MEDIUM": "5.5",
    "LOW": "2.0",
}

_ESCAPES: Final = str.maketrans({"{": "{{", "}": "}}", "[": r"\[", "]": r"\]", "\\": r"\\"})


def sarif_log(
    rules: Sequence[Rule], results: Sequence[Mapping[str, Any]], invocation: Mapping[str, Any]
) -> dict[str, Any]:
    """Wrap results, whose `ruleId` is the name of one of the rules."""
    places = {rule.name: place for place, rule in enumerate(rules)}
    driver = {
        "name": "DeviceWarden",
        "semanticVersion": VERSION,
        "rules": [_rule(rule) for rule in rules],
    }
    indexed = [
        {**each, "ruleIndex": places[each["ruleId"]]} if each["ruleId"] in places else dict(each)
        for each in results
    ]
    run = {"tool": {"driver": driver}, "invocations": [dict(invocation)], "results": indexed}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def sarif_text(text: str) -> dict[str, str]:
    """Write a text that means itself: braces are placeholders of SARIF, and brackets links.

    Source: SARIF 2.1.0, sections 3.11.5 and 3.11.6.
    """
    return {"text": text.translate(_ESCAPES)}


def file_uri(path: str) -> str:
    """Write a path as a URI; a relative one stays relative to where the command ran."""
    uri = quote(path, errors="replace")
    return f"file://{uri}" if uri.startswith("/") else uri


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "name": wire_check_name(rule.name),
        "shortDescription": sarif_text(rule.title),
        "fullDescription": sarif_text(rule.why),
        "help": sarif_text(rule.remedy),
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"security-severity": _SCORES[rule.severity], "tags": ["security"]},
    }
