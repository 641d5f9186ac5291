"""Certificates of the account, as an audit streams them."""

import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.audit.account.cloud import REGISTERED, Cloud, described, listed
from tests.audit.certificates import Issuer, list_at, pem

from devicewarden.audit.account.authorities import Authorities
from devicewarden.audit.account.calls import AbsentError, CallError
from devicewarden.audit.account.certificates import Certificates
from devicewarden.audit.account.issuers import Issuers
from devicewarden.audit.account.kept import CertificateCache
from devicewarden.audit.inventory import Unreadable
from devicewarden.audit.revocation.fetch import UnreachableError
from devicewarden.audit.subject import DeviceCertificate
from devicewarden.config.audit_settings import AuditSettings
from devicewarden.model.errors import AuditError

CA = Issuer("fleet CA")
LEAF = CA.issue("gateway", list_at("http://ca.example/list"))
LIST, DESCRIBE, DESCRIBE_CA = (
    "iot:ListCertificates",
    "iot:DescribeCertificate",
    "iot:DescribeCACertificate",
)


def no_network(url: str, body: bytes | None = None) -> bytes:
    del body
    raise UnreachableError(f"{url}: no answer")


def reader(cloud: Cloud, file: Path | None = None) -> Certificates:
    issuers = Issuers(AuditSettings(revocation_cache_dir=""), no_network)
    authorities = Authorities(cloud, issuers, workers=2)
    return Certificates(cloud, authorities, issuers, CertificateCache(file), workers=2)


def account(*ids: str, **more: Any) -> Cloud:
    answers = {DESCRIBE: described(pem(LEAF), **more), DESCRIBE_CA: described(pem(CA.certificate))}
    return Cloud(answers, {LIST: [listed(*ids)]})


def only(outcomes: Iterator[DeviceCertificate | Unreadable]) -> DeviceCertificate:
    (found,) = outcomes
    assert isinstance(found, DeviceCertificate)
    return found


def test_a_certificate_comes_with_all_that_checks_ask_for() -> None:
    found = only(reader(account("4f" * 32, caCertificateId="ca" * 32)).each())

    assert found.certificate_id == "4f" * 32
    assert found.parsed == LEAF
    assert found.activated_at == REGISTERED
    assert found.issuers == (CA.certificate,)
    assert found.status == "ACTIVE"


@pytest.mark.parametrize(
    ("status", "fetched"),
    [
        pytest.param("ACTIVE", True, id="active"),
        pytest.param("PENDING_TRANSFER", True, id="in transfer"),
        pytest.param("INACTIVE", False, id="inactive"),
        pytest.param("REVOKED", False, id="revoked"),
        pytest.param("PENDING_ACTIVATION", False, id="not yet active"),
    ],
)
def test_only_what_is_judged_is_fetched(status: str, *, fetched: bool) -> None:
    cloud = account()
    cloud.lists[LIST] = [listed("4f" * 32, status=status)]

    list(reader(cloud).each())

    assert (DESCRIBE in cloud.asked) == fetched


def test_a_text_that_is_no_certificate_is_undecided_and_the_next_one_is_read() -> None:
    bodies = {"bad": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "good": None}

    def describe(certificateId: str) -> Mapping[str, Any]:  # noqa: N803  AWS's name
        return described(bodies[certificateId] or pem(LEAF))

    cloud = Cloud({DESCRIBE: describe}, {LIST: [listed("bad", "good")]})

    bad, good = reader(cloud).each()

    assert isinstance(bad, Unreadable)
    assert bad.subjects == (DeviceCertificate,)
    assert bad.reason.startswith("bad: its certificate cannot be read: ")
    assert isinstance(good, DeviceCertificate)


def test_a_ca_is_fetched_once_for_all_its_certificates() -> None:
    cloud = account(*(f"{n:064x}" for n in range(50)), caCertificateId="ca" * 32)

    assert len(list(reader(cloud).each())) == 50
    assert cloud.asked.count(DESCRIBE_CA) <= 2  # Two threads may begin at once.


def test_without_the_issuer_revocation_is_undecided_and_the_rest_is_judged() -> None:
    cloud = account("4f" * 32, caCertificateId="ca" * 32)
    cloud.answers[DESCRIBE_CA] = CallError("iot:DescribeCACertificate is not allowed")

    found = only(reader(cloud).each())

    with pytest.raises(AuditError, match="iot:DescribeCACertificate is not allowed"):
        found.revocation(0)
    assert found.parsed == LEAF


def test_an_issuer_that_the_account_no_longer_has_is_looked_for_as_the_certificate_says() -> None:
    cloud = account("4f" * 32, caCertificateId="ca" * 32)
    cloud.answers[DESCRIBE_CA] = AbsentError("no such CA")

    found = only(reader(cloud).each())

    with pytest.raises(AuditError, match="the issuer's certificate is not there"):
        found.revocation(0)


def test_an_issuer_that_does_not_answer_leaves_it_undecided() -> None:
    found = only(reader(account("4f" * 32, caCertificateId="ca" * 32)).each())

    with pytest.raises(AuditError, match=r"http://ca\.example/list: no answer"):
        found.revocation(0)
    assert not found.revocation(1).revoked


def test_memory_does_not_grow_with_the_number_of_certificates() -> None:
    def peak_bytes(count: int) -> int:
        cloud = account()

        def pages(name: str, **_: Any) -> Iterator[Mapping[str, Any]]:
            del name
            for start in range(0, count, 250):
                yield listed(*(f"{n:064x}" for n in range(start, start + 250)))

        cloud.pages = pages  # type: ignore[method-assign]
        cloud.call = lambda _name, **_: described(pem(LEAF))  # type: ignore[method-assign]
        tracemalloc.start()
        assert sum(1 for _ in reader(cloud).each()) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few, many = peak_bytes(500), peak_bytes(5000)

    assert many < 1.3 * few + 100_000
