"""A security profile as the AWS CLI takes and gives it -> SecurityProfile, and all that is wrong.

Source: AWS IoT API 2015-05-28, CreateSecurityProfile and DescribeSecurityProfile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from devicewarden.config.fault import shown
from devicewarden.config.profile_behavior import read_behaviors
from devicewarden.config.profile_node import Node
from devicewarden.config.profile_problem import Problems, ProfileProblem
from devicewarden.config.profile_rest import IGNORED, judge_ignored, read_retained
from devicewarden.config.profile_schema import NAME, NO_TYPES, CustomType
from devicewarden.config.profile_targets import read_targets
from devicewarden.model.behavior import SecurityProfile

DESCRIBED: Final = ("securityProfileArn", "version", "creationDate", "lastModifiedDate")
"""Members that AWS adds when it describes a profile."""

_NAME: Final = "securityProfileName"
_BEHAVIORS: Final = "behaviors"
TARGETS: Final = "targets"
_REQUEST: Final = (_NAME, _BEHAVIORS, *IGNORED)


@dataclass(frozen=True, slots=True)
class ParsedProfile:
    """What a document says.

    Attributes:
        profile: None where there is an error among the problems.
        problems: everything that is wrong, in the order of the document.
        targets: ARNs of those that the profile is meant for; None: whoever has it.
    """

    profile: SecurityProfile | None
    problems: tuple[ProfileProblem, ...]
    targets: tuple[str, ...] | None = None


def parse_profile(
    document: object,
    *,
    name: str,
    aws: bool = False,
    custom_types: Mapping[str, CustomType] = NO_TYPES,
) -> ParsedProfile:
    """Judge a decoded JSON document; nothing is raised, whatever it holds.

    Args:
        document: a CreateSecurityProfile request, what DescribeSecurityProfile answers, or a list
            of behaviors.
        name: of the profile, where the document has none.
        aws: what AWS would refuse is an error, although it can be judged here.
        custom_types: custom metric -> type, as far as they are known.
    """
    problems = Problems(aws)
    root = Node(document, (), problems)
    members = _members(root)
    title = _title(root, members.get(_NAME), name)
    behaviors = read_behaviors(members[_BEHAVIORS], custom_types) if _BEHAVIORS in members else ()
    retained = read_retained(members)
    judge_ignored(members)
    targets = read_targets(members[TARGETS]) if TARGETS in members else None
    profile = None
    if not any(problem.severity == "error" for problem in problems.found):
        profile = SecurityProfile(name=title, behaviors=behaviors, retained=retained)
    return ParsedProfile(profile, tuple(problems.found), targets)


def _members(root: Node) -> Mapping[str, Node]:
    match root.value:
        case list():
            return {_BEHAVIORS: root}
        case dict() as document if _NAME in document or _BEHAVIORS in document:
            # What AWS adds, and what we add, is no part of a request.
            added = () if root.problems.aws else (*DESCRIBED, TARGETS)
            return root.members((*_REQUEST, *added))
        case _:
            root.refuse("must be a security profile, or a list of behaviors")
            return {}


def _title(root: Node, member: Node | None, name: str) -> str:
    if member:
        return member.text(NAME, "1 to 128 of a-z A-Z 0-9 : _ -") or ""
    if isinstance(root.value, dict):
        root.problems.unlike_aws((), f"has no {_NAME}")
    if not NAME.fullmatch(name):
        root.refuse(f"has no name, and {shown(name)} can be none")
    return name
