"""The folder of mitigation actions and of what each is for, as the AWS CLI takes them."""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devicewarden.config.action_orders import (
    CHECK_ACTIONS,
    read_finding_order,
    read_violation_order,
)
from devicewarden.config.action_params import read_params
from devicewarden.config.profile_files import BadFileError, read_document
from devicewarden.config.profile_folder import json_files
from devicewarden.config.profile_node import Node
from devicewarden.config.profile_problem import Problems
from devicewarden.model.action import MitigationAction
from devicewarden.model.action_mapping import FindingOrder, Orders, ViolationOrder
from devicewarden.model.errors import ConfigError, Problem

MAX_FILES: Final = 100
MAX_ACTIONS: Final = 100
"""As many as AWS lets an account have."""

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ROLE: Final = re.compile(r"arn:[!-~]{16,2044}")


@dataclass(frozen=True, slots=True)
class ActionDocuments:
    """What all documents say together.

    Attributes:
        orders: actions, and what each is for.
        files: that were read.
        warnings: what is ignored, for people.
    """

    orders: Orders
    files: tuple[Path, ...] = ()
    warnings: tuple[Problem, ...] = ()


def load_action_documents(directory: Path) -> ActionDocuments:
    """Read every `*.json` of a folder; one that is not there has none.

    A file holds a CreateMitigationAction request, a Start...MitigationActionsTask request, or a
    list of such.

    Raises:
        ConfigError: with everything that is wrong: what acts on a device by itself does not go by
            half of what was decided.
    """
    try:
        paths = json_files(directory)
    except OSError as error:
        raise ConfigError(f"{directory} cannot be read: {error.strerror}") from error
    read = _Reading()
    if len(paths) > MAX_FILES:
        read.note(directory, "$", f"has more than {MAX_FILES} files", error=True)
    files = [_File(path) for path in paths[:MAX_FILES]]
    # Orders name actions, which may stand in any file.
    for take in (read.take_action, read.take_order):
        for node in itertools.chain.from_iterable(file.nodes for file in files):
            take(node)
    for file in files:
        for problem in file.problems.found:
            read.note(file.path, problem.path, problem.reason, error=problem.severity == "error")
    if read.errors:
        raise ConfigError(
            f"the mitigation documents are wrong: {read.errors[0]}", problems=tuple(read.errors)
        )
    return ActionDocuments(read.orders(), tuple(paths), tuple(read.warnings))


class _File:
    """One file's documents, or what is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # A misspelt member that is ignored would leave an action without its bounds.
        self.problems = Problems(aws=True)
        self.nodes: list[Node] = []
        try:
            root = Node(read_document(path), (), self.problems)
        except BadFileError as error:
            self.problems.error((), str(error))
            return
        self.nodes = root.items(MAX_ACTIONS) if isinstance(root.value, list) else [root]


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self._actions: dict[str, MitigationAction] = {}
        self._for_violations: list[ViolationOrder] = []
        self._for_findings: list[FindingOrder] = []

    def note(self, path: Path, where: str, reason: str, *, error: bool) -> None:
        (self.errors if error else self.warnings).append(Problem(str(path), f"{where} {reason}"))

    def orders(self) -> Orders:
        return Orders(
            actions=self._actions,
            for_violations=tuple(self._for_violations),
            for_findings=tuple(self._for_findings),
        )

    def take_action(self, node: Node) -> None:
        if not (isinstance(node.value, dict) and "actionParams" in node.value):
            return
        action = _read_action(node)
        if action is None:
            return
        if action.name in self._actions:
            node.refuse(f"{action.name} is the name of another action, too")
        elif len(self._actions) >= MAX_ACTIONS:
            node.refuse(f"is one action more than {MAX_ACTIONS}")
        self._actions[action.name] = action

    def take_order(self, node: Node) -> None:
        match node.value:
            case {"actionParams": _}:
                return
            case {"auditCheckToActionsMapping": _}:
                found = read_finding_order(node, self._actions)
                self._for_findings += [found] if found else []
            case {"target": _}:
                order = read_violation_order(node, self._actions)
                self._for_violations += [order] if order else []
            case _:
                node.refuse(
                    f"must have actionParams of an action, or a target and either actions or"
                    f" {CHECK_ACTIONS} of a task"
                )


def _read_action(node: Node) -> MitigationAction | None:
    needed = ("actionName", "actionParams")
    parts = node.members((*needed, "roleArn", "tags"), required=needed)
    if not parts.keys() >= set(needed):
        return None
    name = parts["actionName"].text(_NAME, "1 to 128 of a-z A-Z 0-9 _ -")
    # Our own types need none; those of AWS do not use it: credentials are the process's.
    role = parts["roleArn"].text(_ROLE, "an ARN") if "roleArn" in parts else ""
    params, duration_s = read_params(parts["actionParams"])
    if name is None or params is None or role is None:
        return None
    return MitigationAction(name=name, params=params, duration_s=duration_s, role_arn=role)
