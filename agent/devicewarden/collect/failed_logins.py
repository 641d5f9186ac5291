"""Failed logins since the last reading: how many records /var/log/btmp grew by.

Its size tells that, so the file is never opened: no group is needed, and no user name is seen.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devicewarden.collect.bounded_file import reason
from devicewarden.model.errors import CollectError
from devicewarden.model.metric import CustomValue, Number

METRIC: Final = "failed_logins"
BTMP: Final = "/var/log/btmp"
# Where glibc's `struct utmp` has 64-bit times: 400 bytes, else 384.
WIDE_MACHINES: Final = frozenset({"aarch64", "aarch64_be", "loongarch64"})


@dataclass(frozen=True, slots=True)
class LoginLog:
    """A log of logins as it stands: which file it is, and how many records are in it."""

    file: tuple[int, int]
    records: int


def record_bytes(machine: str, longest_int: int) -> int:
    """Size of one record of btmp: `machine` as uname gives it, `longest_int` of this process.

    Source: glibc, bits/utmp.h, __WORDSIZE_TIME64_COMPAT32.
    """
    wide = machine in WIDE_MACHINES and longest_int > 2**32
    return 400 if wide else 384


def records_added(before: LoginLog, now: LoginLog, rotated: LoginLog | None) -> int:
    """Count records added between two readings; never negative.

    Where the log was rotated meanwhile, what the old file got last is counted too, unless it was
    compressed or removed. A truncated log counts from its beginning.
    """
    if now.file == before.file:
        grown = now.records - before.records
        return grown if grown >= 0 else now.records
    missed = 0
    if rotated is not None and rotated.file == before.file:
        missed = max(0, rotated.records - before.records)
    return now.records + missed


class FailedLogins:
    """Counts failed logins, whoever tried; the first reading gives none."""

    name = "failed-logins"

    def __init__(self, path: str = BTMP, record: int | None = None) -> None:
        """Read `path`, and `path`.1 once it was rotated; `record` is the bytes of one record."""
        self._path = path
        self._record = record or record_bytes(os.uname().machine, sys.maxsize)
        self._before: LoginLog | None = None

    def collect(self) -> Mapping[str, CustomValue]:
        try:
            now = self._look(self._path)
        except (OSError, ValueError) as error:
            raise CollectError(
                f"cannot look at {self._path}: {reason(error)}",
                hint="create it as login(1) wants it (root:utmp, 0660), or leave failed_logins "
                "out of custom_metrics.built_in",
            ) from error
        before, self._before = self._before, now
        if before is None:
            return {}
        return {METRIC: Number(records_added(before, now, self._rotated()))}

    def _rotated(self) -> LoginLog | None:
        try:
            return self._look(f"{self._path}.1")
        except OSError:
            return None

    def _look(self, path: str) -> LoginLog:
        status = Path(path).stat()
        return LoginLog((status.st_dev, status.st_ino), status.st_size // self._record)
