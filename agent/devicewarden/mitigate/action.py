"""What an action is: four laws, and what is told of it.

It can describe itself without acting; applied twice equals once; undo restores; and whether it is
in effect is asked of the host, not of a memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from devicewarden.config.settings import Settings
from devicewarden.mitigate.firewall import Firewall
from devicewarden.mitigate.process import Ended
from devicewarden.mitigate.ways import Ways
from devicewarden.model.action import ActionType, Facts
from devicewarden.model.action_params import Params

Memory: TypeAlias = Mapping[str, str]
"""What undo needs to know of how things were."""


class Runs(Protocol):
    """Runs a program; see `process.run`."""

    def __call__(self, argv: tuple[str, ...], *, timeout_s: float, limit_bytes: int) -> Ended:
        """Run it to its end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """How actions reach the host.

    Attributes:
        settings: root's.
        firewall: our table.
        run: runs a program.
        ways: finds out what must stay reachable; asks for names.
        folder: root's own, for what is to be kept.
    """

    settings: Settings
    firewall: Firewall
    run: Runs
    ways: Callable[[], Ways]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What an action is made of.

    Attributes:
        action_id: names what it leaves on the host.
        params: by root's documents.
        facts: of the cause, bounded.
        timeout_s: it ends by itself after so many seconds.
        opens_s: the kernel holds it so long, unless that is renewed; at most `timeout_s`.
    """

    action_id: str
    params: Params
    facts: Facts
    timeout_s: int
    opens_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionMeta:
    """What is told of a type of action; `docs/actions.md` is made from it.

    Attributes:
        type: as in the documents.
        member: of `actionParams` that holds its parameters.
        title: what it does, in a sentence.
        takes: members of the parameters, in words.
        undo: how it is taken back.
        ends: how it ends by itself.
        needs: what it cannot do without.
        example: its parameters as JSON.
        where: what it changes.
    """

    type: ActionType
    member: str
    title: str
    takes: str
    undo: str
    ends: str
    needs: str
    example: str
    where: Literal["device", "account"] = "device"


class Action(Protocol):
    """One action, ready to be applied. Constructing it changes nothing.

    Raises:
        MitigationError: from every method: it cannot be done, and what was begun was taken back.
    """

    @property
    def lasts(self) -> bool:
        """Tell whether it leaves something that ends: undone, or by itself."""
        ...

    def describe(self) -> str:
        """Tell in one line what it does, or would do."""
        ...

    def check(self) -> None:
        """Refuse what `apply` would, as far as that can be told without changing anything."""
        ...

    def in_effect(self) -> bool | None:
        """Ask the host whether it is; None: nobody can tell."""
        ...

    def remember(self) -> Memory:
        """Tell what undo needs, before anything is changed."""
        ...

    def apply(self) -> None:
        """Do it; where it is in effect, nothing."""
        ...

    def undo(self, memory: Memory) -> None:
        """Take it back; where it is not in effect, nothing."""
        ...


MakeAction: TypeAlias = Callable[[Ask, Host], Action]
