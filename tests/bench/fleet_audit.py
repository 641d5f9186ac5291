"""One audit of a served fleet, measured: `python -m tests.bench.fleet_audit URL CACHE` prints JSON.

A process of its own, so that its peak memory is the audit's.
"""

import json
import os
import resource
import sys
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter, process_time

from devicewarden.audit import registry
from devicewarden.audit.account.inventory import open_inventory
from devicewarden.audit.runner import run_checks
from devicewarden.audit.subject import DeviceCertificate
from devicewarden.audit.suppress import Suppressions
from devicewarden.config.account_settings import AccountSettings
from devicewarden.config.audit_settings import AuditSettings
from devicewarden.config.settings import Settings


def audit(url: str, cache: str) -> dict[str, float | int | list[str]]:
    """Run all checks of device certificates; rate in certificates a second, memory in bytes."""
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")  # noqa: S106  no secret
    settings = replace(
        Settings(),
        account=AccountSettings(region="eu-west-1", endpoint_url=url, cache_dir=cache),
        audit=AuditSettings(revocation_cache_dir=""),
    )
    checks = [check for check in registry.checks() if check.subject is DeviceCertificate]
    at = datetime.now(UTC)
    began, cpu = perf_counter(), process_time()
    _, runs = run_checks(open_inventory(settings), checks, Suppressions((), at), at)
    took, cpu = perf_counter() - began, process_time() - cpu
    return {
        "certificates": runs[0].resources,
        "checks": len(runs),
        "undecided": [reason for run in runs for reason in run.undecided],
        "per_s": runs[0].resources / took,
        "cpu_ms": 1000 * cpu / runs[0].resources,
        "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


if __name__ == "__main__":
    print(json.dumps(audit(*sys.argv[1:])))
