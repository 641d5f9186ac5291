"""Rows of `make bench-audit`: an account of 100,000 certificates, served on this machine.

AWS answers ten DescribeCertificate a second unless the quota was raised, so a first audit waits for
AWS; what is measured here is what the audit itself costs.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, Final

from tests.bench.figures import Figure, share
from tests.bench.fleet import Fleet, make_fleet

from devicewarden.audit import registry
from devicewarden.audit.account.inventory import AccountInventory
from devicewarden.audit.account.issuers import Issuers
from devicewarden.audit.account.kept import CertificateCache
from devicewarden.audit.runner import run_checks
from devicewarden.audit.subject import DeviceCertificate
from devicewarden.audit.suppress import Suppressions
from devicewarden.config.account_settings import AccountSettings
from devicewarden.config.audit_settings import AuditSettings

FEW: Final = 10_000
MANY: Final = 100_000
RATE: Final = 5000
GROWTH: Final = 1.1


def figures(many: int = MANY, few: int = FEW) -> Iterator[Figure]:
    """Measure; it takes some minutes, for nearly all of which boto3 signs and parses."""
    yield _rate("certificates judged a CPU second, already fetched", judged_per_s(few))
    (small,) = _audits(few, 1)
    whole, again = _audits(many, 2)
    yield _rate(f"first audit of {many:,} over HTTP: certificates a second", whole["per_s"])
    yield _rate(f"next audit of {many:,} over HTTP: certificates a second", again["per_s"])
    yield Figure(what="first audit: CPU of a certificate", unit="ms", measured=whole["cpu_ms"])
    yield Figure(what="next audit: CPU of a certificate", unit="ms", measured=again["cpu_ms"])
    for what, one in ((f"{few:,}", small), (f"{many:,}", whole)):
        memory = one["peak_bytes"] / (1 << 20)
        yield Figure(what=f"peak memory, {what} certificates", unit="MiB", measured=memory)
    growth = share(max(whole["peak_bytes"], again["peak_bytes"]), small["peak_bytes"])
    yield Figure(what="peak memory, grown by", unit="times", measured=growth, goal=GROWTH)


def _rate(what: str, measured: float) -> Figure:
    return Figure(what=what, unit="number", measured=measured, goal=RATE, at_least=True)


def _audits(size: int, times: int) -> list[Mapping[str, Any]]:
    """Audit one account so many times; only the first one has to fetch the certificates."""
    with TemporaryDirectory() as folder, _served(size) as url:
        return [_audited(size, url, folder) for _ in range(times)]


def _audited(size: int, url: str, folder: str) -> Mapping[str, Any]:
    command = [sys.executable, "-m", "tests.bench.fleet_audit", url, folder]
    told: Mapping[str, Any] = json.loads(subprocess.check_output(command))
    if told["certificates"] != size or told["undecided"]:
        raise ValueError(f"{told} is no audit of {size}")
    return told


@contextmanager
def _served(size: int) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.fleet_server", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


@dataclass(frozen=True, slots=True)
class Fetched:
    """Plays the calls from memory: what boto3 would have given."""

    fleet: Fleet
    answers: list[Mapping[str, Any]]

    def call(self, name: str, **arguments: Any) -> Mapping[str, Any]:
        if name == "iot:DescribeCACertificate":
            return {"certificateDescription": self.fleet.described_ca()}
        return self.answers[self.fleet.places[arguments["certificateId"]]]

    def pages(self, name: str, **_arguments: Any) -> Iterator[Mapping[str, Any]]:
        del name
        for start in range(0, len(self.answers), 250):
            yield self.fleet.page(start, 250)


def judged_per_s(size: int) -> float:
    """Tell how many certificates a second of CPU reads, looks up and judges by all checks."""
    fleet = make_fleet(size, "http://ca.example/crl")
    calls = Fetched(fleet, [_answer(fleet, index) for index in range(size)])
    issuers = Issuers(AuditSettings(revocation_cache_dir=""), lambda _url, _body=None: fleet.crl)
    inventory = AccountInventory(
        calls, "123456789012", AccountSettings(), issuers, CertificateCache(None)
    )
    checks = [check for check in registry.checks() if check.subject is DeviceCertificate]
    at = datetime.now(UTC)
    began = process_time()
    run_checks(inventory, checks, Suppressions((), at), at)
    return size / (process_time() - began)


def _answer(fleet: Fleet, index: int) -> Mapping[str, Any]:
    found = fleet.described(index)
    created = datetime.fromtimestamp(fleet.created, UTC)
    return {"certificateDescription": {**found, "creationDate": created}}
