import builtins
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devicewarden.collect.failed_logins import (
    FailedLogins,
    LoginLog,
    record_bytes,
    records_added,
)
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import CustomValue, Number

RECORD = 384
RECORDS = st.integers(min_value=0, max_value=10**6)
LOGS = st.builds(LoginLog, st.tuples(st.just(1), st.integers(1, 3)), RECORDS)


def fail(path: Path, times: int) -> None:
    with path.open("ab") as log:
        log.write(b"\6" + b"\0" * (times * RECORD - 1))


def counted(times: int) -> dict[str, CustomValue]:
    return {"failed_logins": Number(times)}


@pytest.fixture
def btmp(tmp_path: Path) -> Path:
    path = tmp_path / "btmp"
    fail(path, 7)
    return path


@pytest.fixture
def logins(btmp: Path) -> FailedLogins:
    logins = FailedLogins(str(btmp), RECORD)
    assert logins.collect() == {}
    return logins


def test_failures_are_counted_since_the_last_reading(btmp: Path, logins: FailedLogins) -> None:
    fail(btmp, 3)

    assert logins.collect() == counted(3)
    assert logins.collect() == counted(0)


def test_the_log_is_never_opened(
    btmp: Path, logins: FailedLogins, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(btmp, 1)
    for module in (builtins, io, os):
        monkeypatch.delattr(module, "open")

    assert logins.collect() == counted(1)


def test_a_rotated_log_loses_no_failure(btmp: Path, logins: FailedLogins) -> None:
    fail(btmp, 2)
    btmp.rename(btmp.with_name("btmp.1"))
    fail(btmp, 1)

    assert logins.collect() == counted(3)


def test_the_log_of_an_earlier_rotation_is_not_counted(btmp: Path, logins: FailedLogins) -> None:
    fail(btmp.with_name("btmp.1"), 50)
    other = btmp.with_name("new")
    fail(other, 1)
    other.replace(btmp)

    assert logins.collect() == counted(1)


def test_a_truncated_log_counts_from_its_beginning(btmp: Path, logins: FailedLogins) -> None:
    with btmp.open("wb"):
        pass
    fail(btmp, 2)

    assert logins.collect() == counted(2)


def test_a_log_missing_for_a_moment_forgets_nothing(btmp: Path, logins: FailedLogins) -> None:
    away = btmp.rename(btmp.with_name("away"))
    with pytest.raises(CollectError):
        logins.collect()

    fail(away, 1)
    away.rename(btmp)

    assert logins.collect() == counted(1)


@pytest.mark.parametrize("name", ["absent", "nul\0"])
def test_a_log_that_is_not_there_is_an_error_with_a_hint(tmp_path: Path, name: str) -> None:
    with pytest.raises(CollectError, match="cannot look at") as caught:
        FailedLogins(str(tmp_path / name)).collect()

    assert "custom_metrics.built_in" in caught.value.hint


@pytest.mark.parametrize(
    ("machine", "longest_int", "expected"),
    [
        pytest.param("x86_64", 2**63 - 1, 384, id="pc"),
        pytest.param("aarch64", 2**63 - 1, 400, id="64-bit-raspberry-pi-os"),
        pytest.param("aarch64", 2**31 - 1, 384, id="32-bit-system-on-64-bit-kernel"),
        pytest.param("armv7l", 2**31 - 1, 384, id="32-bit-raspberry-pi-os"),
        pytest.param("riscv64", 2**63 - 1, 384, id="risc-v"),
    ],
)
def test_records_are_wider_where_glibc_has_them_wider(
    machine: str, longest_int: int, expected: int
) -> None:
    assert record_bytes(machine, longest_int) == expected


@given(LOGS, LOGS, LOGS | st.none())
def test_the_count_is_never_negative(
    before: LoginLog, now: LoginLog, rotated: LoginLog | None
) -> None:
    assert records_added(before, now, rotated) >= 0
