"""The IAM policy that an audit of the account needs, made of the table of calls."""

from collections.abc import Collection
from typing import Any

from devicewarden.audit.account.calls import CALLS

_LOGS = "logs:"


def least_privilege(subjects: Collection[type], log_group: str, region: str) -> dict[str, Any]:
    """Write the policy.

    Args:
        subjects: classes that will be audited.
        log_group: that may be read; empty: none.
        region: of the log group, which also tells the partition; empty: any of the usual ones.

    Source: AWS has lists, IAM's summary of use and Cognito's pools of no narrower resource than *;
    a log group is named.
    """
    calls = sorted({call for each in subjects for call in CALLS.get(each, ())})
    statements = [_statement("Read", [call for call in calls if not call.startswith(_LOGS)], "*")]
    if log_group:
        logs = [call for call in calls if call.startswith(_LOGS)]
        arn = f"arn:{_partition(region)}:logs:{region or '*'}:*:log-group:{log_group}:*"
        statements.append(_statement("ReadConnections", logs, arn))
    return {"Version": "2012-10-17", "Statement": [each for each in statements if each["Action"]]}


def _statement(sid: str, actions: list[str], resource: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _partition(region: str) -> str:
    for start, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(start):
            return partition
    return "aws"
