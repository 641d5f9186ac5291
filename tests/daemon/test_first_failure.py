"""What repeats is told once."""

import structlog
from structlog.testing import capture_logs

from devicewarden.daemon.first_failure import FirstFailure


def test_the_first_failure_warns_repeats_are_quiet_and_recovery_is_told() -> None:
    with capture_logs() as told:
        failures = FirstFailure(structlog.get_logger())
        for _ in range(3):
            failures.failed("state_not_written", kind="state", error="disk full")
        failures.recovered("state_written", kind="state")

    assert [entry["log_level"] for entry in told] == ["warning", "debug", "debug", "info"]
    assert told[0]["error"] == "disk full"
    assert told[-1]["failures"] == 3


def test_a_failure_after_a_recovery_is_a_first_one() -> None:
    with capture_logs() as told:
        failures = FirstFailure(structlog.get_logger())
        for _ in range(2):
            failures.failed("state_not_written", kind="state")
            failures.recovered("state_written", kind="state")

    assert [entry["log_level"] for entry in told] == ["warning", "info"] * 2


def test_kinds_do_not_silence_each_other() -> None:
    with capture_logs() as told:
        failures = FirstFailure(structlog.get_logger())
        failures.failed("job_failed", kind="sampling")
        failures.failed("job_failed", kind="reporting")

    assert [entry["log_level"] for entry in told] == ["warning", "warning"]


def test_success_without_failure_is_silent() -> None:
    with capture_logs() as told:
        FirstFailure(structlog.get_logger()).recovered("state_written", kind="state")

    assert told == []
