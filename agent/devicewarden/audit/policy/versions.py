"""A policy has up to five versions (ten where AWS IoT's quota was raised); one of them holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from devicewarden.audit.policy.problem import PolicyError


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version, as AWS lists it.

    Attributes:
        version_id: digits; IAM puts a `v` before them.
        is_default: whether it is the one that holds.
    """

    version_id: str
    is_default: bool


def default_version(versions: Sequence[PolicyVersion]) -> tuple[PolicyVersion, tuple[str, ...]]:
    """Pick the version to judge.

    Returns:
        The default version, and the ids of the others, which hold for nobody.

    Raises:
        PolicyError: none, or more than one, is the default.
    """
    default = [each for each in versions if each.is_default]
    if len(default) != 1:
        raise PolicyError(f"{len(default)} of its {len(versions)} versions are the default")
    return default[0], tuple(each.version_id for each in versions if not each.is_default)
