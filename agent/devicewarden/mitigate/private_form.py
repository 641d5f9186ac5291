"""What root needs to undo an action, as the ledger holds it."""

from dataclasses import dataclass
from typing import Any, Final

from cattrs import BaseValidationError, Converter

from devicewarden.mitigate.action import Ask, Memory
from devicewarden.model.action import TYPE_OF, ActionType, Facts
from devicewarden.model.errors import MitigationError

_CONVERTER: Final = Converter()
_PARAMS: Final = {kind: params for params, kind in TYPE_OF.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """Beside the record of an action that was begun.

    Attributes:
        ask: what it was made of.
        memory: what its undo needs.
        boot: in which it was begun.
        ends_s: uptime at which it ends by itself.
    """

    ask: Ask
    memory: Memory
    boot: str
    ends_s: float


def write_private(private: Private) -> dict[str, Any]:
    """Write it as JSON values; `read_private` gives it back."""
    ask = private.ask
    return {
        "params": _CONVERTER.unstructure(ask.params),
        "facts": _CONVERTER.unstructure(ask.facts),
        "timeoutS": ask.timeout_s,
        "memory": dict(private.memory),
        "boot": private.boot,
        "endsS": private.ends_s,
    }


def read_private(document: dict[str, Any], action_id: str, kind: ActionType) -> Private:
    """Read what this room wrote.

    Raises:
        MitigationError: it is not that.
    """
    try:
        ask = Ask(
            action_id=action_id,
            params=_CONVERTER.structure(document["params"], _PARAMS[kind]),
            facts=_CONVERTER.structure(document["facts"], Facts),
            timeout_s=int(document["timeoutS"]),
            opens_s=int(document["timeoutS"]),
        )
        return Private(
            ask=ask,
            memory=dict(document["memory"]),
            boot=str(document["boot"]),
            ends_s=float(document["endsS"]),
        )
    except (BaseValidationError, LookupError, TypeError, ValueError) as error:
        raise MitigationError(f"what was done under {action_id} cannot be read back") from error
