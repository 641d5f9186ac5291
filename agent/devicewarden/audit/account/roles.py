"""IAM roles with all their permissions documents, and which services they used."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from threading import Event
from typing import Any, Final

from devicewarden.audit.account.calls import AbsentError, CallError
from devicewarden.audit.subject import Role
from devicewarden.aws.calls import Calls

WITHIN_S: Final = 60
"""IAM takes some seconds to sum up what a role used."""
_EVERY_S: Final = 1.0
_MOST_SERVICES: Final = 1000
_KEPT: Final = 256


class Roles:
    """Reads roles; one that several aliases or pools share is read once.

    Attributes:
        every_s: wait from one question to the next whether IAM is done.
    """

    def __init__(self, calls: Calls, every_s: float = _EVERY_S) -> None:
        self._calls = calls
        self._every_s = every_s
        self.documents = lru_cache(_KEPT)(self._documents)
        self.last_used = lru_cache(_KEPT)(self._last_used)

    def role(self, arn: str) -> Role:
        """Read a role without its use.

        Raises:
            CallError: it cannot be read.
        """
        return Role(arn=arn, documents=self.documents(arn))

    def _documents(self, arn: str) -> Mapping[str, bytes]:
        name = arn.rpartition("/")[2]
        try:
            return {**dict(self._inline(name)), **dict(self._attached(name))}
        except AbsentError:
            # Whoever is given a role that is not there is given nothing.
            return {}

    def _inline(self, name: str) -> Iterator[tuple[str, bytes]]:
        for page in self._calls.pages("iam:ListRolePolicies", RoleName=name):
            for policy in page["PolicyNames"]:
                answer = self._calls.call("iam:GetRolePolicy", RoleName=name, PolicyName=policy)
                yield policy, _bytes(answer["PolicyDocument"])

    def _attached(self, name: str) -> Iterator[tuple[str, bytes]]:
        for page in self._calls.pages("iam:ListAttachedRolePolicies", RoleName=name):
            for policy in page["AttachedPolicies"]:
                arn = policy["PolicyArn"]
                version = self._calls.call("iam:GetPolicy", PolicyArn=arn)["Policy"]
                answer = self._calls.call(
                    "iam:GetPolicyVersion", PolicyArn=arn, VersionId=version["DefaultVersionId"]
                )
                yield arn, _bytes(answer["PolicyVersion"]["Document"])

    def _last_used(self, arn: str) -> Mapping[str, datetime | None]:
        """Ask IAM which services a role used: service prefix -> last time, None: never.

        Raises:
            CallError: it does not tell.
        """
        job = self._calls.call("iam:GenerateServiceLastAccessedDetails", Arn=arn)["JobId"]
        return {
            each["ServiceNamespace"]: _utc(each.get("LastAuthenticated"))
            for each in self._summed_up(job)["ServicesLastAccessed"]
        }

    def _summed_up(self, job: str) -> Mapping[str, Any]:
        name = "iam:GetServiceLastAccessedDetails"
        for _ in range(max(1, int(WITHIN_S / self._every_s))):
            answer = self._calls.call(name, JobId=job, MaxItems=_MOST_SERVICES)
            if answer["JobStatus"] == "COMPLETED" and not answer.get("IsTruncated"):
                return answer
            if answer["JobStatus"] != "IN_PROGRESS":
                raise CallError(f"{name}: {answer['JobStatus']}, {answer.get('Error', '')}")
            Event().wait(self._every_s)
        raise CallError(f"{name}: not done within {WITHIN_S} s")


def _utc(at: datetime | None) -> datetime | None:
    return at and at.astimezone(UTC)


def _bytes(document: object) -> bytes:
    """Give a document as the engine takes it; botocore reads what is JSON, and leaves the rest."""
    text = document if isinstance(document, str) else json.dumps(document)
    return text.encode(errors="replace")
