"""`docs/checks.md`, made from what checks tell of themselves."""

from collections.abc import Iterable
from typing import Final

from devicewarden.audit.check import CheckMeta
from devicewarden.model.finding import wire_check_name

_HEAD: Final = """\
# Checks

What `devicewarden audit` asks, of this device and of an AWS account; [audit.md](audit.md) tells how
to run it. A check that cannot tell is undecided, never compliant. This file is made from the code
by `make docs`.
"""


def render(metas: Iterable[CheckMeta]) -> str:
    """Write the document: a table of all checks, then a section for each."""
    checks = tuple(metas)
    table = "".join(
        f"| [{meta.name}](#{meta.name}) | {meta.severity} | {meta.title} |\n" for meta in checks
    )
    head = f"{_HEAD}\n| check | severity | passes when |\n| --- | --- | --- |\n{table}"
    return head + "".join(map(_section, checks))


def _section(meta: CheckMeta) -> str:
    codes = "".join(f"| `{code}` | {meaning} |\n" for code, meaning in meta.codes.items())
    return (
        f"\n## {meta.name}\n\n"
        f"{meta.title}. Severity {meta.severity}, in AWS's documents "
        f"`{wire_check_name(meta.name)}`.\n\n"
        f"- **Why:** {meta.why}\n"
        f"- **How it decides:** {meta.decides}\n"
        f"- **How to fix:** {meta.remedy}\n"
        f"- **Needs:** {meta.needs}\n"
        f"- **Source:** {meta.source}\n\n"
        f"| reason code | means |\n| --- | --- |\n{codes}"
    )
