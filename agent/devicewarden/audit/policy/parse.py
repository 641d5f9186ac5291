"""Bytes -> `Policy`, or everything that is wrong with them at once."""

import json
from collections.abc import Collection
from typing import Any, Final, NoReturn

from devicewarden.audit.policy.document import Condition, Effect, Policy, Statement
from devicewarden.audit.policy.positions import Positions, find_positions, line_column
from devicewarden.audit.policy.problem import PolicyError, PolicyProblem
from devicewarden.config.fault import KeyPath, did_you_mean, shown
from devicewarden.config.profile_problem import json_path

MAX_BYTES: Final = 65_536
"""AWS stores at most 10,240 characters, blanks not counted (inline policies of a role)."""
MAX_PROBLEMS: Final = 100

_DEEPEST: Final = 6
_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_MEMBERS: Final = ("Version", "Id", "Statement")
_STATEMENT: Final = (
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
    "Condition",
)  # fmt: skip


def parse_policy(content: bytes | str, name: str = "policy") -> Policy:
    """Read a policy document as AWS IoT and IAM take it.

    Principals are passed over: a policy is judged for whoever it is attached to.

    Raises:
        PolicyError: it is too long, no JSON, or no policy; `problems` says all that is wrong.

    Source: IAM User Guide, "Grammar of the IAM JSON policy language"; lengths: IAM and AWS IoT
    Core quotas (2,048 characters for an AWS IoT policy).
    """
    text = _text(content)
    document = _json(text)
    reader = _Reader(find_positions(text, _DEEPEST))
    statements = reader.policy(document)
    if reader.problems:
        raise _refused(*reader.problems)
    return Policy(name, tuple(statements))


def _text(content: bytes | str) -> str:
    if len(content) > MAX_BYTES:
        reason = f"is {len(content)} bytes long, more than {MAX_BYTES}"
        raise _refused(PolicyProblem(path="$", reason=reason))
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8: {error.reason} at byte {error.start}"
        raise _refused(PolicyProblem(path="$", reason=reason)) from error


def _json(text: str) -> object:
    try:
        document: object = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        line, column = line_column(text, error.pos)
        problem = PolicyProblem(
            path="$", reason=f"is not JSON: {error.msg}", line=line, column=column
        )
        raise _refused(problem) from error
    except (ValueError, RecursionError) as error:
        reason = (
            "is nested too deep" if isinstance(error, RecursionError) else f"is not JSON: {error}"
        )
        raise _refused(PolicyProblem(path="$", reason=reason)) from error
    return document


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _refused(*problems: PolicyProblem) -> PolicyError:
    first, others = problems[0], len(problems) - 1
    more = f", and {others} more" if others else ""
    return PolicyError(f"is no policy that can be judged: {first}{more}", tuple(problems))


class _Reader:
    """Reads decoded JSON; what is wrong is noted, and reading goes on with what can be read."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions
        self.problems: list[PolicyProblem] = []
        for path in positions.repeated:
            self._note(path, "stands more than once")

    def policy(self, document: object) -> list[Statement]:
        members = self._members(document, (), _MEMBERS)
        version = members.get("Version", _VERSIONS[0])
        if version not in _VERSIONS:
            self._note(("Version",), f"must be 2012-10-17 or 2008-10-17, not {shown(version)}")
        if "Statement" not in members:
            if isinstance(document, dict):
                self._note((), "has no Statement")
            return []
        found = members["Statement"]
        if not isinstance(found, list):
            return [self._statement(found, ("Statement",), 0)]
        if not found:
            self._note(("Statement",), "is empty")
        return [self._statement(each, ("Statement", i), i) for i, each in enumerate(found)]

    def _statement(self, value: object, path: KeyPath, index: int) -> Statement:
        members = self._members(value, path, _STATEMENT)
        line, column = self._positions.line_column(path)
        if isinstance(value, dict):
            self._one_of_twins(members, path, "Action", needed=True)
            trust = "Principal" in members or "NotPrincipal" in members
            self._one_of_twins(members, path, "Resource", needed=not trust)
        sid = members.get("Sid", "")
        if not self._is_text(sid):
            self._note((*path, "Sid"), "must be a string")
        return Statement(
            index=index,
            sid=str(sid),
            effect=self._effect(members, path),
            actions=self._actions(members, path, "Action"),
            not_actions=self._actions(members, path, "NotAction"),
            resources=self._texts(members, path, "Resource"),
            not_resources=self._texts(members, path, "NotResource"),
            conditions=tuple(self._conditions(members.get("Condition", {}), path)),
            line=line,
            column=column,
        )

    def _one_of_twins(
        self, members: dict[str, Any], path: KeyPath, name: str, *, needed: bool
    ) -> None:
        given = [each for each in (name, f"Not{name}") if each in members]
        if len(given) > 1:
            self._note(path, f"has both {name} and Not{name}")
        elif needed and not given:
            self._note(path, f"has neither {name} nor Not{name}")

    def _effect(self, members: dict[str, Any], path: KeyPath) -> Effect:
        match members.get("Effect"):
            case "Allow":
                return "Allow"
            case "Deny":
                return "Deny"
            case None if members and "Effect" not in members:
                self._note(path, "has no Effect")
            case other if members:
                self._note((*path, "Effect"), f"must be Allow or Deny, not {shown(other)}")
        return "Deny"

    def _actions(self, members: dict[str, Any], path: KeyPath, name: str) -> tuple[str, ...]:
        actions = self._texts(members, path, name)
        for action in actions:
            if action != "*" and ":" not in action:
                self._note((*path, name), f"{shown(action)} must be * or SERVICE:ACTION")
        return actions

    def _texts(self, members: dict[str, Any], path: KeyPath, name: str) -> tuple[str, ...]:
        if name not in members:
            return ()
        found = members[name]
        texts = found if isinstance(found, list) else [found]
        if not texts:
            self._note((*path, name), "is empty")
        for index, text in enumerate(texts):
            if not self._is_text(text):
                step = (index,) if isinstance(found, list) else ()
                self._note((*path, name, *step), "must be a string of Unicode characters")
        return tuple(text for text in texts if isinstance(text, str))

    def _conditions(self, block: object, path: KeyPath) -> list[Condition]:
        path = (*path, "Condition")
        found = []
        for operator, keys in self._members(block, path).items():
            for key, values in self._members(keys, (*path, operator)).items():
                listed = values if isinstance(values, list) else [values]
                if not all(isinstance(v, str | bool | int | float) for v in listed):
                    self._note((*path, operator, key), "must be a string, or a list of strings")
                texts = tuple(v if isinstance(v, str) else json.dumps(v) for v in listed)
                found.append(Condition(operator=operator, key=key, values=texts))
        return found

    def _members(
        self, value: object, path: KeyPath, known: Collection[str] | None = None
    ) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._note(path, "must be an object")
            return {}
        for name in value:
            if known is not None and name not in known:
                hint = did_you_mean(name, list(known))
                self._note((*path, name), "is not taken by AWS" + (f" ({hint})" if hint else ""))
        return value

    def _is_text(self, value: object) -> bool:
        return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)

    def _note(self, path: KeyPath, reason: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            line, column = self._positions.line_column(path)
            self.problems.append(
                PolicyProblem(path=json_path(path), reason=reason, line=line, column=column)
            )
