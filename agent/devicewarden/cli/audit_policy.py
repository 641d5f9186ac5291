"""`devicewarden audit policy`: policy documents in a pipeline, before they are anywhere."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from devicewarden.cli.failure import EXIT_FAILED
from devicewarden.cli.rows import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devicewarden.audit.policy.lint import PolicyKind
    from devicewarden.report.remarks import Remark

_MAX_BYTES: Final = 16 << 20
_MILDER: Final = {
    "POLICY_CONTAINS_MQTT_WILDCARDS_IN_DENY_STATEMENT": "iot-policy-potential-misconfiguration",
    "TOPIC_FILTERS_INTENDED_TO_DENY_ALLOWED_USING_WILDCARDS": (
        "iot-policy-potential-misconfiguration"
    ),
    "ALLOWS_ACCESS_TO_UNUSED_SERVICES": "iot-role-alias-allows-access-to-unused-services",
}
_CHECKS: Final[dict["PolicyKind", str]] = {
    "iot": "iot-policy-overly-permissive",
    "role-alias": "iot-role-alias-overly-permissive",
    "cognito-auth": "authenticated-cognito-role-overly-permissive",
    "cognito-unauth": "unauthenticated-cognito-role-overly-permissive",
}


@click.command("policy")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    metavar="FILE...",
)
@click.option(
    "--kind", type=click.Choice(tuple(_CHECKS)), default="iot", help="What they are attached to."
)
@click.option("--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text")
def policy(files: tuple[Path, ...], kind: "PolicyKind", form: str) -> int:
    """Say what is too broad or misconfigured in policy documents; - is standard input.

    The status is 1 where anything is, else 70 where a document could not be judged, else 0.
    """
    from devicewarden.cli.audit_run import rules  # noqa: PLC0415  --help must be fast
    from devicewarden.report.remarks import remarks_sarif  # noqa: PLC0415  as above

    remarks = [remark for file in files for remark in _remarks(file, kind)]
    if form == "sarif":
        checks = {remark.check for remark in remarks}
        told = [rule for rule in rules() if rule.name in checks]
        print(json.dumps(remarks_sarif(remarks, told), indent=2))
    elif form == "json":
        print(json.dumps([_document(remark) for remark in remarks], indent=2))
    else:
        for remark in remarks:
            print(_line(remark), file=sys.stdout if remark.check else sys.stderr)
    if any(remark.check for remark in remarks):
        return 1
    return EXIT_FAILED if remarks else 0


def _remarks(file: Path, kind: "PolicyKind") -> "Iterator[Remark]":
    from devicewarden.audit.policy.lint import lint_policy  # noqa: PLC0415  see above
    from devicewarden.report.remarks import Remark  # noqa: PLC0415  see above

    try:
        with click.open_file(str(file), "rb") as stream:
            content = stream.read(_MAX_BYTES)
    except OSError as error:
        text = f"cannot be read: {error.strerror}"
        yield Remark(
            file=str(file), line=1, column=1, check="", severity="CRITICAL", code="", text=text
        )
        return
    linted = lint_policy(content, file.stem, kind)
    for problem in linted.problems:
        yield Remark(
            file=str(file),
            line=problem.line,
            column=problem.column,
            check="",
            severity="CRITICAL",
            code="",
            text=f"cannot be judged: {problem.path} {problem.reason}",
        )
    for fault in linted.faults:
        yield Remark(
            file=str(file),
            line=fault.line,
            column=fault.column,
            check=_MILDER.get(fault.code, _CHECKS[kind]),
            severity="MEDIUM" if fault.code in _MILDER else "CRITICAL",
            code=fault.code,
            text=f"{fault.action} on {fault.resource}: {fault.detail}; compliant: {fault.remedy}",
        )


def _line(remark: "Remark") -> str:
    told = f"{remark.severity}: {remark.code}: {remark.text}" if remark.check else remark.text
    return f"{printable(remark.file)}:{remark.line}:{remark.column}: {printable(told)}"


def _document(remark: "Remark") -> dict[str, str | int]:
    return {
        "file": remark.file,
        "line": remark.line,
        "column": remark.column,
        "check": remark.check,
        "severity": remark.severity,
        "reasonForNonComplianceCode": remark.code,
        "text": remark.text,
    }
