"""What is wrong with a security profile, where, and whether it can be judged all the same."""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from devicewarden.config.fault import KeyPath, dotted

Severity: TypeAlias = Literal["error", "warning"]

MAX_PROBLEMS: Final = 1_000


@dataclass(frozen=True, slots=True)
class ProfileProblem:
    """One thing that is wrong, or that whoever wrote it should know.

    Attributes:
        path: JSON path, `$.behaviors[2].criteria.value.count`.
        reason: what is wrong there.
        severity: error: the profile cannot be judged; warning: it can.
    """

    path: str
    reason: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Problems:
    """Collects what is wrong with one document, up to a bound that no author comes near.

    Attributes:
        aws: whether what AWS would refuse is an error, although it can be judged here.
        found: in the order in which it was found.
    """

    aws: bool
    found: list[ProfileProblem] = field(default_factory=list)

    def error(self, path: KeyPath, reason: str) -> None:
        """Note what cannot be judged."""
        self._add(path, reason, "error")

    def unlike_aws(self, path: KeyPath, reason: str) -> None:
        """Note what AWS would refuse, but can be judged here."""
        self._add(path, reason, "error" if self.aws else "warning")

    def warning(self, path: KeyPath, reason: str) -> None:
        """Note what both take, but may not be what was meant."""
        self._add(path, reason, "warning")

    @property
    def full(self) -> bool:
        """Whether nothing more is noted; a full list always has an error, so none gets lost."""
        return len(self.found) >= MAX_PROBLEMS

    def _add(self, path: KeyPath, reason: str, severity: Severity) -> None:
        if len(self.found) < MAX_PROBLEMS - 1:
            self.found.append(ProfileProblem(json_path(path), reason, severity))
        elif not self.full:
            self.found.append(
                ProfileProblem("$", f"has more than {MAX_PROBLEMS - 1} problems", "error")
            )


def json_path(path: KeyPath) -> str:
    """Write a path from the root: `$`, `$[3]`, `$.behaviors[3].name`."""
    text = dotted(path)
    return f"$.{text}" if text and not text.startswith("[") else f"${text}"
