"""How long a round of each job may take before the watchdog calls it late."""

from typing import Final

from devicewarden.config.settings import Settings

SLOW_S: Final = 60.0
"""Room for a machine that is slow or was suspended, before the watchdog calls a job late."""


def longest_sample_s(settings: Settings) -> float:
    """Allow for a sample, in seconds."""
    return 10 * settings.collect.interval_s + SLOW_S


def longest_round_s(settings: Settings) -> float:
    """Allow for a report with all its attempts, in seconds."""
    publish = settings.publish
    longest_attempt_s = 2 * publish.ack_timeout_s + publish.max_wait_s
    longest_send_s = publish.reply_timeout_s + publish.attempts * longest_attempt_s
    return 2 * settings.report.interval_s + longest_send_s + SLOW_S
