"""The section `account` of the settings."""

from dataclasses import dataclass

from devicewarden.config.knob import knob


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """Which AWS account `audit --account` reads, and how patiently."""

    region: str = knob("", "AWS region; empty: as the AWS CLI finds it")
    profile: str = knob("", "profile of the AWS CLI; empty: as the AWS CLI finds it")
    endpoint_url: str = knob("", "address that answers in place of AWS's; empty: AWS's own")
    timeout_s: float = knob(20.0, "wait for an answer", minimum=0.1, maximum=300)
    attempts: int = knob(
        8, "attempts of one call, which waits longer each time", minimum=1, maximum=50
    )
    parallel_calls: int = knob(8, "calls under way at once", minimum=1, maximum=64)
    cache_dir: str = knob(
        "/var/cache/devicewarden-account",
        "folder of certificates fetched before, 0700; empty: none",
        path="place",
    )
    log_group: str = knob(
        "", "CloudWatch log group of AWS IoT, such as AWSIotLogsV2; empty: none is read"
    )
    log_days: float = knob(31.0, "so far back goes what is read of it", minimum=0.01, maximum=366)
