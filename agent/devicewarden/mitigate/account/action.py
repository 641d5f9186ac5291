"""What an action in the account is: the four laws of `mitigate.action`, over HTTP.

Undo stands by itself: what it needs is in the memory, so that it works when the finding is gone
and the document that asked for the action says something else.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeAlias

from devicewarden.aws.calls import Calls
from devicewarden.mitigate.account.case import Case
from devicewarden.mitigate.action import ActionMeta, Memory
from devicewarden.model.action_params import Params


class AccountAction(Protocol):
    """One action about one case. Constructing it calls nobody.

    Raises:
        MitigationError: from every method: it cannot be done to this case.
        CallError: from every method but `describe`: AWS refused, or gave no answer.
    """

    def describe(self) -> str:
        """Tell in one line what it does, or would do; asks nobody."""
        ...

    def in_effect(self) -> bool | None:
        """Ask the account whether it is; None: nobody can tell."""
        ...

    def remember(self) -> Memory:
        """Ask for what undo needs, before anything is changed."""
        ...

    def apply(self, memory: Memory) -> None:
        """Do it; where it is in effect, nothing.

        Args:
            memory: what `remember` said before it was first tried.
        """
        ...


Make: TypeAlias = Callable[[Params, Case, Calls], AccountAction]
Undo: TypeAlias = Callable[[Calls, Memory], None]
"""Takes back what the memory tells of; where it is not in effect any more, nothing."""


class Kind(NamedTuple):
    """A type of action.

    Attributes:
        meta: what is told of it.
        make: makes one.
        undo: takes one back; None: nothing can.
    """

    meta: ActionMeta
    make: Make
    undo: Undo | None
