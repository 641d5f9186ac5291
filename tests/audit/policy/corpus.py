"""The labelled policies: one file a case, what is expected in its first line, why in its second.

`// KIND [used=SERVICE,...]: compliant`, or `CODE@STATEMENTS, ...` with the statements to blame,
`0+2`, or `DOCUMENT.STATEMENT` where a list of documents is judged together. What follows is the
document, or the list.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from devicewarden.audit.policy.document import Policy
from devicewarden.audit.policy.fault import PolicyFault
from devicewarden.audit.policy.judge_iot import judge_iot_policy, judge_misconfiguration
from devicewarden.audit.policy.judge_role import (
    judge_authenticated_role,
    judge_role_alias,
    judge_unauthenticated_role,
    judge_unused_services,
)
from devicewarden.audit.policy.parse import parse_policy

FOLDER: Final = Path(__file__).parents[2] / "data" / "policies"

_FIRST_LINE: Final = re.compile(r"// (?P<kind>[a-z-]+)(?: used=(?P<used>[\w,-]+))?: (?P<told>.+)")


class Blame(NamedTuple):
    """A reason code, and a statement that it is for: `1`, or `0.1` of several documents."""

    code: str
    statement: str


class Case(NamedTuple):
    """One labelled file."""

    name: str
    kind: str
    used: frozenset[str]
    expected: frozenset[Blame]
    policies: tuple[Policy, ...]


def read_corpus() -> Iterator[Case]:
    for file in sorted(FOLDER.glob("*.jsonc")):
        yield read_case(file)


def read_case(file: Path) -> Case:
    first, _why, document = file.read_bytes().decode().split("\n", 2)
    label = _FIRST_LINE.fullmatch(first)
    assert label is not None, first
    policies = [parse_policy(text, str(i)) for i, text in enumerate(_documents(document))]
    used = frozenset((label["used"] or "").split(",")) - {""}
    return Case(file.stem, label["kind"], used, frozenset(_blames(label["told"])), tuple(policies))


def judge(case: Case) -> frozenset[Blame]:
    several = len(case.policies) > 1
    return frozenset(
        Blame(fault.code, f"{fault.policy}.{fault.statement}" if several else str(fault.statement))
        for fault in faults(case)
    )


def faults(case: Case) -> tuple[PolicyFault, ...]:
    match case.kind:
        case "iot" | "several-policies":
            return judge_iot_policy(case.policies)
        case "misconfiguration":
            return judge_misconfiguration(case.policies)
        case "role-alias":
            return judge_role_alias(case.policies, case.used)
        case "role-alias-unused":
            return judge_unused_services(case.policies, case.used)
        case "cognito-auth":
            return judge_authenticated_role(case.policies)
        case "cognito-unauth":
            return judge_unauthenticated_role(case.policies)
        case _:
            raise AssertionError(case.kind)


def _blames(told: str) -> Iterator[Blame]:
    if told != "compliant":
        for each in told.split(", "):
            code, statements = each.split("@")
            yield from (Blame(code, statement) for statement in statements.split("+"))


def _documents(text: str) -> list[str]:
    if not text.startswith("["):
        return [text]
    return [json.dumps(document) for document in json.loads(text)]
