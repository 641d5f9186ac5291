"""Certificates that an earlier audit fetched: believed where they prove what they are."""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from tests.audit.account.cloud import Answer, Cloud, described, listed
from tests.audit.account.test_certificates import (
    CA,
    DESCRIBE,
    DESCRIBE_CA,
    LEAF,
    LIST,
    only,
    reader,
)
from tests.audit.certificates import pem

from devicewarden.audit.account.calls import CallError
from devicewarden.audit.account.kept import CertificateCache
from devicewarden.model.errors import AuditError

OTHER = CA.issue("pump")
BY_ID = {each.fingerprint(SHA256()).hex(): each for each in (LEAF, OTHER)}
FIRST, SECOND = BY_ID
STRANGE = "4f" * 32


def account(*ids: str, status: str = "ACTIVE") -> Cloud:
    def describe(certificateId: str) -> Mapping[str, Any]:  # noqa: N803  AWS's name
        found = BY_ID.get(certificateId, LEAF)
        return described(pem(found), caCertificateId="ca" * 32)

    answers: dict[str, Answer] = {DESCRIBE: describe, DESCRIBE_CA: described(pem(CA.certificate))}
    return Cloud(answers, {LIST: [listed(*ids, status=status)]})


def change(file: Path, *statements: str) -> None:
    with sqlite3.connect(file) as db:
        for each in statements:
            db.execute(each)
    db.close()


def count(file: Path) -> int:
    with sqlite3.connect(file) as db:
        (found,) = db.execute("SELECT count(*) FROM certificate").fetchone()
    db.close()
    return int(found)


def test_what_an_earlier_audit_fetched_is_not_fetched_again(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "certificates.db"
    cloud = account(FIRST)

    first, second = (only(reader(cloud, file).each()) for _ in range(2))

    assert cloud.asked.count(DESCRIBE) == 1
    facts = [(each.parsed, each.activated_at, each.issuers) for each in (first, second)]
    assert facts[0] == facts[1]


def test_its_status_is_never_remembered(tmp_path: Path) -> None:
    file = tmp_path / "certificates.db"
    only(reader(account(FIRST), file).each())

    found = only(reader(account(FIRST, status="PENDING_TRANSFER"), file).each())

    assert found.status == "PENDING_TRANSFER"


def test_what_the_account_no_longer_has_is_forgotten(tmp_path: Path) -> None:
    file = tmp_path / "certificates.db"
    list(reader(account(FIRST, SECOND), file).each())

    list(reader(account(SECOND), file).each())

    assert count(file) == 1


def test_a_list_that_ends_early_forgets_nothing(tmp_path: Path) -> None:
    file = tmp_path / "certificates.db"
    list(reader(account(FIRST, SECOND), file).each())
    cloud = account()
    cloud.lists[LIST] = [listed(SECOND), CallError("no answer")]

    list(reader(cloud, file).each())

    assert count(file) == 2


def test_a_certificate_whose_id_is_not_its_digest_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "certificates.db"

    found = only(reader(account(STRANGE), file).each())

    assert found.certificate_id == STRANGE
    assert count(file) == 0


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("der = x'3000'", id="certificate"),
        pytest.param("der = 'text'", id="text for a certificate"),
        pytest.param("der = NULL", id="no certificate"),
        pytest.param("created = 1e300", id="a time far away"),
        pytest.param("created = 9e999", id="a time without end"),
        pytest.param("created = 'monday'", id="no time"),
        pytest.param("ca = NULL", id="no CA"),
        pytest.param("ca = x'00'", id="bytes for a CA"),
    ],
)
def test_a_damaged_entry_is_fetched_again(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "certificates.db"
    list(reader(account(FIRST), file).each())
    change(file, f"UPDATE certificate SET {damage}")  # noqa: S608  ours
    cloud = account(FIRST)

    found = only(reader(cloud, file).each())

    assert found.parsed == LEAF
    assert cloud.asked.count(DESCRIBE) == 1


def test_a_certificate_kept_under_the_id_of_another_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "certificates.db"
    list(reader(account(FIRST), file).each())
    change(file, f"UPDATE certificate SET id = '{SECOND}'")  # noqa: S608  ours

    found = only(reader(account(SECOND), file).each())

    assert found.parsed == OTHER


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda file: file.write_bytes(b"no database" * 1000), id="no database"),
        pytest.param(lambda file: file.mkdir(), id="a folder"),
        pytest.param(lambda file: change(file, "CREATE TABLE certificate (x)"), id="other columns"),
    ],
)
def test_without_a_usable_cache_all_is_fetched(tmp_path: Path, spoil: Any) -> None:
    file = tmp_path / "certificates.db"
    spoil(file)
    cloud = account(FIRST, SECOND)

    found = list(reader(cloud, file).each())

    assert len(found) == 2
    assert cloud.asked.count(DESCRIBE) == 2


def test_the_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    folder = tmp_path / "cache"

    CertificateCache(folder / "certificates.db")

    assert folder.stat().st_mode & 0o7777 == 0o700


@pytest.mark.parametrize(
    ("folder_mode", "above_mode"),
    [
        pytest.param(0o750, 0o755, id="its group may read"),
        pytest.param(0o702, 0o755, id="others may write"),
        pytest.param(0o700, 0o777, id="others may replace it"),
        pytest.param(0o700, 0o770, id="the group may replace it"),
    ],
)
def test_a_folder_that_others_reach_is_refused(
    tmp_path: Path, folder_mode: int, above_mode: int
) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(folder_mode)
    tmp_path.chmod(above_mode)

    with pytest.raises(AuditError, match="others can reach") as refused:
        CertificateCache(folder / "certificates.db")

    assert "account.cache_dir" in refused.value.hint


def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "cache").symlink_to("real")

    with pytest.raises(AuditError, match="others can reach"):
        CertificateCache(tmp_path / "cache" / "certificates.db")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("given", [".", "cache"], ids=["the folder above", "the folder"])
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, given: str) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    os.chown(tmp_path / given, 4711, 4711)

    with pytest.raises(AuditError, match="others can reach"):
        CertificateCache(tmp_path / "cache" / "certificates.db")


def test_where_no_folder_can_be_made_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cloud = account(FIRST)

    assert only(reader(cloud, tmp_path / "file" / "cache" / "certificates.db").each())
