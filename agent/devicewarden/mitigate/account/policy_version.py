"""REPLACE_DEFAULT_POLICY_VERSION: the policy allows nothing, until a better version is made."""

import json
from collections.abc import Mapping
from typing import Any, Final

from devicewarden.aws.calls import AbsentError, CallError, Calls
from devicewarden.mitigate.account.action import Kind
from devicewarden.mitigate.account.case import Case
from devicewarden.mitigate.action import ActionMeta, Memory
from devicewarden.model.action_params import Params
from devicewarden.model.errors import MitigationError

_NOBODY: Final = "devicewarden-blank-policy"
_MOST_VERSIONS: Final = 5
"""Of one policy, says AWS."""


class _ReplaceDefault:
    """A version that is not the one of the finding stays: somebody was faster."""

    def __init__(self, params: Params, case: Case, calls: Calls) -> None:
        del params
        case.of_the_account()
        found = case.identifier("policyVersionIdentifier")
        self._policy = _Policy(calls, str(found["policyName"]))
        self._found_version = str(found["policyVersionId"])

    def describe(self) -> str:
        return (
            f"give the policy {self._policy.name} a blank version in place of version"
            f" {self._found_version}"
        )

    def in_effect(self) -> bool:
        return self._policy.is_blank(self._policy.default())

    def remember(self) -> Memory:
        default = self._policy.default()
        if self._policy.is_blank(default):
            return {"policyName": self._policy.name}
        memory = {"policyName": self._policy.name, "previous": default}
        versions = self._policy.versions()
        if len(versions) < _MOST_VERSIONS:
            return memory
        oldest = min((each for each in versions if each != default), key=int)
        return {**memory, "removed": oldest, "removedDocument": self._policy.document(oldest)}

    def apply(self, memory: Memory) -> None:
        default = self._policy.default()
        if self._policy.is_blank(default):
            return
        if default != self._found_version:
            raise MitigationError(
                f"version {default} holds now, the finding is about {self._found_version}",
                hint="run devicewarden audit --account again",
            )
        removed = memory.get("removed")
        if removed:
            self._policy.delete(removed)
        try:
            self._policy.create(self._policy.blank(default), default=True)
        except CallError as error:
            if removed:
                self._give_back(memory, error)
            raise

    def _give_back(self, memory: Memory, error: CallError) -> None:
        try:
            self._policy.create(memory["removedDocument"], default=False)
        except CallError:
            raise MitigationError(
                f"{error}; version {memory['removed']}, which made room, could not be given back:"
                f" {memory['removedDocument']}"
            ) from error


class _Policy:
    """One policy of the account."""

    def __init__(self, calls: Calls, name: str) -> None:
        self.name = name
        self._calls = calls

    def versions(self) -> Mapping[str, bool]:
        """Tell each version's number, and whether it is the default one."""
        answer = self._calls.call("iot:ListPolicyVersions", policyName=self.name)
        return {each["versionId"]: each["isDefaultVersion"] for each in answer["policyVersions"]}

    def default(self) -> str:
        for version, default in self.versions().items():
            if default:
                return version
        raise MitigationError(f"the policy {self.name} has no default version")

    def document(self, version: str) -> str:
        return str(self._of(version, "iot:GetPolicyVersion")["policyDocument"])

    def blank(self, version: str) -> str:
        """Write a BLANK_POLICY: it allows nothing, and denies nothing that another policy allows.

        AWS does not publish its own. A document without a statement may be refused, so ours denies
        a client that nobody is.
        """
        arn, _, _ = self._of(version, "iot:GetPolicyVersion")["policyArn"].partition(":policy/")
        nobody = {"Effect": "Deny", "Action": "iot:Connect", "Resource": f"{arn}:client/{_NOBODY}"}
        return json.dumps({"Version": "2012-10-17", "Statement": [nobody]})

    def is_blank(self, version: str) -> bool:
        """Tell whether a version is such a one, or has no statement, as AWS's own may have."""
        found = _parsed(self.document(version))
        if isinstance(found, dict) and found.get("Statement") == []:
            return True
        return bool(found == json.loads(self.blank(version)))

    def create(self, document: str, *, default: bool) -> None:
        self._calls.call(
            "iot:CreatePolicyVersion",
            policyName=self.name,
            policyDocument=document,
            setAsDefault=default,
        )

    def delete(self, version: str) -> None:
        try:
            self._of(version, "iot:DeletePolicyVersion")
        except AbsentError:
            # Deleted before whoever tried first was stopped.
            return

    def make_default(self, version: str) -> None:
        self._of(version, "iot:SetDefaultPolicyVersion")

    def _of(self, version: str, call: str) -> Mapping[str, Any]:
        return self._calls.call(call, policyName=self.name, policyVersionId=version)


def _parsed(document: str) -> Any:
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return None


def _undo(calls: Calls, memory: Memory) -> None:
    policy = _Policy(calls, memory["policyName"])
    blank = policy.default()
    if "previous" not in memory or not policy.is_blank(blank):
        return
    try:
        policy.make_default(memory["previous"])
    except AbsentError as error:
        raise MitigationError(
            f"version {memory['previous']} of {policy.name} was deleted since",
            hint="make a version that allows what the devices need",
        ) from error
    policy.delete(blank)
    if "removed" in memory:
        policy.create(memory["removedDocument"], default=False)


REPLACE_DEFAULT: Final = Kind(
    ActionMeta(
        type="REPLACE_DEFAULT_POLICY_VERSION",
        member="replaceDefaultPolicyVersionParams",
        title="Gives a policy a blank default version, so that it allows nothing. Where it has five"
        " versions, as many as AWS keeps, the oldest one makes room",
        takes="`templateName`: BLANK_POLICY",
        undo="the previous default version holds again, the blank one is deleted, and what made"
        " room comes back under a new number; where somebody made another version the default"
        " meanwhile, nothing",
        ends="never by itself",
        needs="credentials of the account",
        example='{"replaceDefaultPolicyVersionParams": {"templateName": "BLANK_POLICY"}}',
        where="account",
    ),
    _ReplaceDefault,
    _undo,
)
