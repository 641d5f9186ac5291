"""What keeps a policy document from being judged."""

from dataclasses import dataclass
from typing import Final

from devicewarden.model.errors import AgentError

MAX_EFFORT: Final = 100_000
"""Steps spent on one judgement, about 2 s of CPU; ordinary policies take some hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyProblem:
    """One thing that is wrong with a document.

    Attributes:
        path: JSON path, `$.Statement[2].Effect`.
        reason: what is wrong there.
        line, column: where that stands, from 1; where the text is not JSON, where reading it ended.
    """

    path: str
    reason: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path} {self.reason} (line {self.line})"


class PolicyError(AgentError):
    """A document cannot be judged: never a sign that it complies.

    Attributes:
        problems: everything that is wrong with it, in the document's order; empty where it
            is well formed, but asks for more effort than a judgement may cost.
    """

    def __init__(self, message: str, problems: tuple[PolicyProblem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


@dataclass(slots=True)
class Effort:
    """Counts the steps of a judgement, so that a hostile policy cannot hold up an audit.

    Attributes:
        limit: the most steps.
        spent: steps so far.
    """

    limit: int = MAX_EFFORT
    spent: int = 0

    def spend(self) -> None:
        """Take one step.

        Raises:
            PolicyError: there were too many.
        """
        self.spent += 1
        if self.spent > self.limit:
            raise PolicyError(f"its wildcards take more than {self.limit} steps to judge")
