"""The door: boto3 is imported when an account is reached, and its absence is told."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from devicewarden.aws.calls import CallError
from devicewarden.config.account_settings import AccountSettings

if TYPE_CHECKING:
    from devicewarden.aws.client import Client


def open_client(settings: AccountSettings, allowed: Collection[str], denied_hint: str) -> "Client":
    """Prepare to call AWS; nothing is asked yet.

    Args:
        settings: which account, and how patiently.
        allowed: names of the calls that may be made.
        denied_hint: what to do where AWS denies one.

    Raises:
        CallError: boto3 is not installed, or there is no such profile.
    """
    try:
        from devicewarden.aws.client import Client  # noqa: PLC0415  an extra that few install
    except ImportError as error:
        hint = "pip install devicewarden[aws]"
        raise CallError("AWS is reached by boto3, which is missing", hint=hint) from error
    return Client(settings, allowed, denied_hint)
