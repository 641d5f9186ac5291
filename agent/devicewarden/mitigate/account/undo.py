"""Taking back what was done in the account."""

from typing import cast

from devicewarden.mitigate.account.registry import KINDS
from devicewarden.mitigate.account.run import Account
from devicewarden.model.action import AccountType, ActionRecord
from devicewarden.model.errors import MitigationError


def undo(account: Account, action_id: str) -> ActionRecord:
    """Take one action back; where that was done before, nothing.

    Raises:
        MitigationError: it was not done, or cannot be taken back.
        CallError: AWS refused, or gave no answer.
        StateError: it cannot be recorded.
    """
    known = account.ledger.recall(action_id)
    if known is None or known.record.status == "SKIPPED" or known.account != account.number:
        raise MitigationError(
            f"no action {action_id} was done in the account {account.number}",
            hint="see devicewarden mitigate list --account",
        )
    if known.record.status == "UNDONE":
        return known.record
    take_back = KINDS[cast("AccountType", known.record.type)].undo
    if take_back is None:
        raise MitigationError(f"{known.record.type} cannot be taken back")
    try:
        # One that failed before it began remembers nothing.
        if known.memory:
            take_back(account.calls, known.memory)
    except KeyError as error:
        raise MitigationError(f"the answer has no {error}") from error
    return account.ended(known.record, "UNDONE", "by hand", known.memory)
