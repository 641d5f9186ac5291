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


def test_what_fails_now_and_what_no_longer_does_is_told_together() -> None:
    with capture_logs() as told:
        failures = FirstFailure(structlog.get_logger())
        for failing in ({"a": "gone", "b": "gone"}, {"b": "gone"}, {}):
            failures.now_failing("not_read", "read_again", failing)

    levels = [(entry["kind"], entry["event"], entry["log_level"]) for entry in told]
    assert levels == [
        ("a", "not_read", "warning"),
        ("b", "not_read", "warning"),
        ("a", "read_again", "info"),
        ("b", "not_read", "debug"),
        ("b", "read_again", "info"),
    ]


def test_what_is_forgotten_recovers_silently_and_warns_again() -> None:
    with capture_logs() as told:
        failures = FirstFailure(structlog.get_logger())
        failures.failed("not_connected", kind="refused")
        failures.forget()
        failures.recovered("connected", kind="refused")
        failures.failed("not_connected", kind="refused")

    assert [entry["log_level"] for entry in told] == ["warning", "warning"]
