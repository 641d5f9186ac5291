"""`devicewarden audit list`: all checks, and what they need."""

import json

import click

from devicewarden.cli.audit_names import json_option
from devicewarden.cli.rows import aligned
from devicewarden.model.finding import wire_check_name


@click.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all checks with what they need; docs/checks.md tells more of each."""
    from devicewarden.audit import registry  # noqa: PLC0415  --help must be fast
    from devicewarden.audit.account.calls import CALLS  # noqa: PLC0415  as above

    checks = registry.checks()
    metas = [check.meta for check in checks]
    if not as_json:
        rows = [(meta.name, meta.severity, meta.needs) for meta in metas]
        print(aligned([("CHECK", "SEVERITY", "NEEDS"), *rows]))
        return
    documents = [
        {
            "name": meta.name,
            "checkName": wire_check_name(meta.name),
            "title": meta.title,
            "severity": meta.severity,
            "why": meta.why,
            "decides": meta.decides,
            "remedy": meta.remedy,
            "needs": meta.needs,
            "source": meta.source,
            "reasonCodes": dict(meta.codes),
            "accountCalls": CALLS.get(check.subject, ()),
        }
        for check, meta in zip(checks, metas, strict=True)
    ]
    print(json.dumps(documents, indent=2))
